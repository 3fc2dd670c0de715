"""What can go wrong with the local platform."""

from acude.errors import WRONG_USE, AcudeError
from acude.settings import INSTALLED


class PlatformError(AcudeError):
    """A local server can't be started, reached or stopped."""

    retryable = True


class UnknownServiceError(PlatformError):
    """A name that no local server has."""

    retryable = False
    exit_code = WRONG_USE


def fetch_advice(module: str) -> str:
    """How to get what a module of `acude.local` fetches: a checkout has a Makefile that does it."""
    return f"Run `python -m {module}`." if INSTALLED else "Run `make install`."

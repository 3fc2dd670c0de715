"""What can go wrong with the local platform."""

from acude.errors import WRONG_USE, AcudeError


class PlatformError(AcudeError):
    """A local server can't be started, reached or stopped."""

    retryable = True


class UnknownServiceError(PlatformError):
    """A name that no local server has."""

    retryable = False
    exit_code = WRONG_USE

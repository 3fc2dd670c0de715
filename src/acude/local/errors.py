"""What can go wrong with the local platform."""

from acude.errors import AcudeError


class PlatformError(AcudeError):
    """A local server can't be started, reached or stopped."""

    retryable = True

"""The error of the checks that DAGs run."""

from acude.errors import AcudeError


class CheckError(AcudeError):
    """A check failed: the platform or its data isn't as it should be."""

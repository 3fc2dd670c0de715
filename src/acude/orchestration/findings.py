"""The error of a check that failed."""

from acude.errors import AcudeError


class FindingError(AcudeError):
    """The platform or its data isn't as it should be."""

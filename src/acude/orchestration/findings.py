"""What a look at the platform found amiss."""

from acude.errors import AcudeError


class FindingError(AcudeError):
    """The platform or its data isn't as it should be; says what was expected, what was found, and what to do."""

"""What a look at the platform found amiss."""


class FindingError(Exception):
    """The platform or its data isn't as it should be; says what was expected, what was found, and what to do."""

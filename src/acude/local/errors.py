"""What can go wrong with the local platform, said in a sentence that a user can act on."""

from collections.abc import Sequence


class PlatformError(Exception):
    """A local server can't be started, reached or stopped.

    Attributes:
        found: What was expected and what was found, one sentence.
        next_step: What the user can do about it, one sentence.
        log: The last lines of the server's log, where there is one.
    """

    def __init__(self, found: str, next_step: str, log: Sequence[str] = ()) -> None:
        super().__init__(f"{found} {next_step}")
        self.found = found
        self.next_step = next_step
        self.log = tuple(log)

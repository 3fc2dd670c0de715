"""The base of all errors that a person has to look at."""

from collections.abc import Sequence
from typing import ClassVar


class AcudeError(Exception):
    """Something that a person has to correct. The command line prints its sentences without a traceback.

    Attributes:
        retryable: Whether the same call may succeed later without anybody's help.
        exit_code: The command's exit code.
        found: What was expected and what was found.
        next_step: What to do about it; empty where `found` says it.
        log: The last lines of a server's log, where there is one.
        sentences: The error's text in parts, each for a line of its own.
    """

    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, found: str, next_step: str = "", log: Sequence[str] = ()) -> None:
        self.sentences = [sentence for sentence in (found, next_step) if sentence]
        super().__init__(" ".join(self.sentences))
        self.found = found
        self.next_step = next_step
        self.log = tuple(log)

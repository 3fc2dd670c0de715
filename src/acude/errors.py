"""The base of all errors that a person has to look at."""

from collections.abc import Sequence
from typing import ClassVar, Final

FAILED: Final = 1
WRONG_USE: Final = 2
NOTHING_FOUND: Final = 3
"""Exit codes of every command, beside 0 for done: something failed or differs; the call can't be meant as it stands;
there is nothing of what was asked for."""


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
    exit_code: ClassVar[int] = FAILED

    def __init__(self, found: str, next_step: str = "", log: Sequence[str] = ()) -> None:
        self.sentences = [sentence for sentence in (found, next_step) if sentence]
        # Not super(): a subclass may be a library's error as well, which is made of other things.
        Exception.__init__(self, " ".join(self.sentences))
        self.found = found
        self.next_step = next_step
        self.log = tuple(log)


class WrongUseError(AcudeError):
    """A call that can't be meant as it stands."""

    exit_code = WRONG_USE


class NothingFoundError(AcudeError):
    """There is nothing of what was asked for."""

    exit_code = NOTHING_FOUND

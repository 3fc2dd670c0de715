"""What is wrong with a sales file, said so that its sender can mend it."""

from acude.errors import WRONG_USE, AcudeError

_SHOWN = 200
"""Characters that are told of a name or value: a file can hold megabytes of it."""


class UploadError(AcudeError):
    """Files that can't be put into the inbox as they are; nothing was uploaded."""

    exit_code = WRONG_USE


class InboxError(AcudeError):
    """A day's file that can't be published.

    Attributes:
        file: Key in the inbox.
        line: Line (CSV) or row (Parquet), None where the file as a whole is meant.
        column: Name of the column, None where the line as a whole is meant.
        expected: What should have been there.
        found: What was there.
    """

    def __init__(self, file: str, line: int | None, column: str | None, expected: str, found: str) -> None:
        column, found = column and _shown(column), _shown(found)
        place = "".join([f", line {line}" if line else "", f", column {column}" if column else ""])
        super().__init__(
            f"{file}{place}: expected {expected}, found {found}. The day is not published; "
            f"put a corrected file in its place and run the day again"
        )
        self.file = file
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

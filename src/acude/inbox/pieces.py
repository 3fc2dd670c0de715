"""How the reading of a day's files is divided among tasks: large CSV and Parquet files into ranges of bytes.

Every task finds the lines of its range by itself (`docs/decisions/batch-large-files.md`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from acude.inbox.files import InboxFile

PIECE_BYTES = 64 * 2**20
"""A larger file is divided; a task holds a smaller one's bytes."""


@dataclass(frozen=True)
class Piece:
    """A range of a file.

    Attributes:
        key: of the file.
        origin: the file's.
        format: the file's.
        etag: of the version that was listed.
        begin: its first byte.
        end: the first byte behind it; None for the file's last range.
    """

    key: str
    origin: str
    format: str
    etag: str
    begin: int = 0
    end: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is all of the file."""
        return self.begin == 0 and self.end is None


def divided(files: Sequence[InboxFile], whole: Collection[str] = ()) -> list[Piece]:
    """The pieces of these files, in their order.

    Args:
        files: of a day.
        whole: keys of files that are not to be divided.
    """
    pieces = []
    for file in files:
        ranges = 1 if file.format == "csv.gz" or file.key in whole else max(1, -(-file.size // PIECE_BYTES))
        ends = [PIECE_BYTES * number for number in range(1, ranges)]
        pieces += [
            Piece(file.key, file.origin, file.format, file.etag, begin, end)
            for begin, end in zip([0, *ends], [*ends, None], strict=True)
        ]
    return pieces


def slow_files(files: Sequence[InboxFile]) -> list[str]:
    """A sentence for each file that one task has to read alone, though it is large."""
    return [
        f"{file.key} ({file.size:,} bytes) is read by one task, for gzip can't be divided; sent in parts, "
        f"<YYYY-MM-DD>/part-<number>.csv.gz, it is read by many"
        for file in files
        if file.format == "csv.gz" and file.size > PIECE_BYTES
    ]

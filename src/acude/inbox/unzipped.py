"""A gzip file's content, unpacked as it is read."""

import gzip
import zlib
from typing import BinaryIO

from acude.inbox.errors import InboxError

_CHUNK = 2**20


class Unzipped:
    """Reads a gzip file.

    Args:
        packed: the file, from its beginning; it can be read again.
        file: its key, for errors.
    """

    def __init__(self, packed: BinaryIO, file: str) -> None:
        self._packed, self._file = packed, file
        self._plain = gzip.GzipFile(fileobj=packed)

    def read(self, size: int) -> bytes:
        """The next bytes, so many unless the file ends before.

        Raises:
            InboxError: it is cut off, or no gzip.
        """
        try:
            return self._plain.read(size)
        except EOFError as problem:
            line = _cut_line(self._packed)
            expected, found = "a complete gzip file", "one that is cut off (truncated)"
            raise InboxError(self._file, line, None, expected, found) from problem
        except (gzip.BadGzipFile, zlib.error) as problem:
            raise InboxError(self._file, None, None, "a gzip file", f"damaged bytes ({problem})") from problem


def _cut_line(packed: BinaryIO) -> int | None:
    """The line behind the readable part of the first member; None where zlib refuses what GzipFile took (its flags)."""
    packed.seek(0)
    lines, member = 1, zlib.decompressobj(wbits=31)
    try:
        while not member.eof and (content := member.unconsumed_tail or packed.read(_CHUNK)):
            lines += member.decompress(content, _CHUNK).count(b"\n")
    except zlib.error:
        return None
    return lines

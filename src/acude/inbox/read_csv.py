"""Strict reading of a CSV sales file: every line whole, or an error that names file, line and column.

Two layouts are known by their header: Online Retail's and our own. All values stay text here; Spark
decides later, line by line, which of them are sales.

A file is read block by block. A block ends with a line break outside of quotes, so that its records are whole.
"""

import codecs
from collections.abc import Callable, Iterator

import pyarrow as pa

from acude.inbox.errors import InboxError
from acude.inbox.layout import Layout
from acude.inbox.limits import LARGEST_BYTES, LARGEST_LINES, LONGEST_RECORD, too_many_bytes, too_many_lines
from acude.inbox.records import Block, OpenQuote, header_of, lines_of_block

BLOCK_BYTES = 8 * 2**20

Read = Callable[[int], bytes]
"""The next bytes of a file, so many unless it ends before."""


class BlockReader:
    """Reads a file, or the lines of a piece of it.

    Of a file with several faults the first block's are told, and of those first what is no text, then the header, then
    a line that is cut off.

    Args:
        file: its key, for errors.
        read: gives its bytes.
        layout: of a piece that is not the file's first; such a piece's lines are numbered from 1.

    Attributes:
        lines: how many were read.
    """

    def __init__(self, file: str, read: Read, layout: Layout | None = None) -> None:
        self._file, self._read, self._layout = file, read, layout
        self._first = layout is None
        self._bytes = self._records = self.lines = 0

    def tables(self) -> Iterator[pa.Table]:
        """The lines as `LINES`, block by block.

        Raises:
            InboxError: empty, truncated, larger than the limits, another header, a line with too few or too many
                fields, an open quote, not UTF-8.
        """
        held, coming = self._next(), self._next()
        if self._first:
            held = held.removeprefix(codecs.BOM_UTF8)
            if not held and not coming:
                raise InboxError(self._file, 1, None, "a header and at least one line", "an empty file")
        while held or coming:
            cut = held.rfind(b"\n") + 1 if coming else len(held)
            # Longer than any line: reading it says what is wrong.
            if cut or len(held) > LONGEST_RECORD:
                cut = cut or len(held)
                try:
                    yield self._table(held[:cut], last=not coming)
                    held = held[cut:]
                except OpenQuote as problem:
                    # The text may go on in the next block; one that is too long has another error.
                    if not coming:
                        raise problem.error from problem
            held, coming = held + coming, self._next() if coming else b""
        if self._first and not self._records:
            raise InboxError(self._file, 2, None, "at least one line of sales", "nothing behind the header")

    def _next(self) -> bytes:
        found = self._read(BLOCK_BYTES)
        self._bytes += len(found)
        if self._bytes > LARGEST_BYTES:
            raise too_many_bytes(self._file)
        return found

    def _table(self, content: bytes, *, last: bool) -> pa.Table:
        block = Block(self._file, content, self.lines, self._layout)
        block.check_text()
        layout = self._layout or header_of(block)
        if last and not content.endswith(b"\n"):
            line, found = self.lines + content.count(b"\n") + 1, "a line that is cut off"
            raise InboxError(self._file, line, layout.header[-1], "a line break at the end of the last line", found)
        rows, lines = lines_of_block(block, layout)
        self._layout, self.lines = layout, self.lines + lines
        self._records += rows.num_rows
        if self._records > LARGEST_LINES:
            raise too_many_lines(self._file)
        return rows

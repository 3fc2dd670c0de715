"""Reads a piece of a sales file, wherever a task runs: only the version that was listed, some lines at a time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import pyarrow as pa

from acude.inbox.errors import InboxError
from acude.inbox.files import changed
from acude.inbox.limits import LARGEST_BYTES, LONGEST_RECORD, too_many_bytes
from acude.inbox.pieces import PIECE_BYTES, Piece
from acude.inbox.read_csv import BlockReader
from acude.inbox.read_parquet import parquet_tables
from acude.inbox.records import Block, header_of
from acude.inbox.unzipped import Unzipped
from acude.lake.object_store import ObjectStore

_BUFFER = 8 * 2**20
"""Bytes of a packed file that are asked for at a time."""

_FEW = 64 * 2**10
"""Bytes that are asked for where a header or the end of a line is looked for."""


class PieceLines:
    """The lines of a piece.

    Args:
        store: the inbox.
        piece: which.

    Attributes:
        lines: after the last table, how many lines those of the file's next piece stand behind; 0 where each piece
            knows its lines' numbers, as in Parquet.
    """

    def __init__(self, store: ObjectStore, piece: Piece) -> None:
        self._store, self._piece = store, piece
        self.lines = 0

    def tables(self) -> Iterator[pa.Table]:
        """The lines as `LINES`, some at a time; those of a CSV's later pieces are numbered from 1.

        Raises:
            InboxError: the file can't be read, or changed since it was listed; of a piece of a CSV also where it does
                not begin or end between two lines of sales.
        """
        piece = self._piece
        with _opened(self._store, piece) as source:
            if piece.format == "parquet":
                yield from parquet_tables(source, piece.key, piece.begin, piece.end)
                return
            if piece.format == "csv.gz":
                packed = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", source), _BUFFER))
                reader = BlockReader(piece.key, Unzipped(packed, piece.key).read)
            else:
                reader = _reader_of_range(source, piece)
            yield from reader.tables()
            self.lines = reader.lines


@contextmanager
def _opened(store: ObjectStore, piece: Piece) -> Iterator[BinaryIO]:
    """The file: in memory where it is small, else read range by range.

    Raises:
        InboxError: it is gone, another one, or too large.
    """
    try:
        opened = store.filesystem().open_input_file(f"{store.bucket}/{piece.key}")
    except FileNotFoundError as problem:
        raise changed(piece.key) from problem
    with opened:
        found = opened.metadata()
        if opened.size() > LARGEST_BYTES:
            raise too_many_bytes(piece.key)
        source = io.BytesIO(opened.read()) if opened.size() <= PIECE_BYTES else opened
        if found["ETag"].decode().strip('"') != piece.etag.strip('"'):
            raise changed(piece.key)
        yield cast("BinaryIO", source)


def _reader_of_range(source: BinaryIO, piece: Piece) -> BlockReader:
    """Reads the lines that begin in a range of a CSV file, as if it began and ended between two of them.

    Where the range before ends between two, it is true of the beginning; and where the lines that are read then end
    with a whole one, of the end. So it is true of all ranges of a file, from the first on, or one can't be read.
    """
    if piece.whole:
        return BlockReader(piece.key, source.read)
    layout = None
    if piece.begin:
        layout = header_of(Block(piece.key, source.read(_FEW).removeprefix(b"\xef\xbb\xbf"), 0, None))
    stop = source.seek(0, io.SEEK_END) if piece.end is None else _line_at(source, piece, piece.end)
    place = source.seek(_line_at(source, piece, piece.begin))

    def read(size: int) -> bytes:
        nonlocal place
        found = source.read(min(size, max(0, stop - place)))
        place += len(found)
        return found

    return BlockReader(piece.key, read, layout)


def _line_at(source: BinaryIO, piece: Piece, offset: int) -> int:
    """Where the first line begins at or behind an offset."""
    place = max(0, offset - 1)
    source.seek(place)
    while offset and place < offset + LONGEST_RECORD and (found := source.read(_FEW)):
        if (end := found.find(b"\n")) >= 0:
            return place + end + 1
        place += len(found)
    if offset:
        raise InboxError(piece.key, None, None, f"a line break in {LONGEST_RECORD:,} bytes", "none")
    return 0

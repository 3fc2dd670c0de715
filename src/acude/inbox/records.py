"""The records of a block of a CSV file: found by Arrow where the block is plain, else one by one by Python's csv."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from acude.inbox.errors import InboxError
from acude.inbox.layout import FIELDS, RETAIL, Layout
from acude.inbox.limits import LONGEST_FIELD, too_long


class OpenQuote(Exception):  # noqa: N818 - no fault of a file where its next block closes it
    """A block ends inside of quotes.

    Attributes:
        error: what is wrong where nothing comes behind the block.
    """

    def __init__(self, error: InboxError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Attributes:
        file: its key.
        content: the lines' bytes.
        before: how many lines stand before them.
        layout: the file's; None where the block begins with the header.
    """

    file: str
    content: bytes
    before: int
    layout: Layout | None

    def text(self) -> io.TextIOWrapper:
        """The text line by line, so that it isn't in memory a second time."""
        return _text(self.content)

    def check_text(self) -> None:
        """Refuses what is no UTF-8, and zero bytes."""
        try:
            self.content.decode()
        except UnicodeDecodeError as problem:
            found = f"the byte 0x{self.content[problem.start]:02x}"
            raise InboxError(self.file, *self._place(problem.start), "text in UTF-8", found) from problem
        if (zero := self.content.find(b"\0")) >= 0:
            raise InboxError(self.file, *self._place(zero), "text", "a zero byte")

    def _place(self, offset: int) -> tuple[int, str | None]:
        """Line and column's name of a byte; its number where the header has none, None behind too long a field."""
        before = self.content[:offset] + b"x"
        header = list(self.layout.header) if self.layout else None
        names, record = header or [], [""]
        try:
            for record in csv.reader(_text(before)):
                names, header = header or [], header or record
            number = len(record)
            column = names[number - 1] if number <= len(names) else str(number)
        except csv.Error:
            column = None
        return self.before + sum(1 for _ in _text(before)), column


def _text(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline="")


def header_of(block: Block) -> Layout:
    """The layout that a file's first block names.

    Raises:
        InboxError: it is none of the two.
    """
    try:
        header = tuple(next(csv.reader(block.text(), strict=True)))
    except csv.Error as problem:
        expected = f"the header {','.join(RETAIL)} or {','.join(FIELDS)}"
        raise InboxError(block.file, 1, None, expected, str(problem)) from problem
    known: tuple[str, ...] = RETAIL if header[:1] == RETAIL[:1] else FIELDS
    for place, (wanted, found) in enumerate(zip_longest(known, header), start=1):
        if wanted is None:
            raise InboxError(block.file, 1, found or str(place), f"{len(known)} columns", f"one more, {found!r}")
        if found != wanted:
            name = "nothing" if found is None else repr(found)
            raise InboxError(block.file, 1, wanted, f"the name {wanted!r} at place {place}", name)
    return Layout(header)


def lines_of_block(block: Block, layout: Layout) -> tuple[pa.Table, int]:
    """A block's records as `LINES`, and how many lines it has.

    Raises:
        InboxError: a record with too few or too many fields, text behind a quote, a field that is too long.
        OpenQuote: a quote is open at its end.
    """
    plain = _plain_columns(block, layout)
    if plain is None:
        return _quoted(block, layout)
    header = 0 if block.layout else 1
    first, rows = block.before + header + 1, plain.num_rows
    numbers = pa.array(range(first, first + rows), pa.int64())
    return layout.lines(numbers, [column.combine_chunks() for column in plain.columns]), header + rows


def _plain_columns(block: Block, layout: Layout) -> pa.Table | None:
    """The fields where every line is a record, cut at its commas; None where one by one says it better."""
    content = block.content
    if b'"' in content or content.count(b"\r") != content.count(b"\r\n"):
        return None
    begin = 0 if block.layout else content.find(b"\n") + 1
    rows = content.count(b"\n", begin)
    if not rows:
        return None
    try:
        found = arrow_csv.read_csv(
            pa.py_buffer(content).slice(begin),
            # A block is read as one: its lines may be as long as it. Empty ones are left out, and then counted below.
            arrow_csv.ReadOptions(use_threads=False, column_names=layout.header, block_size=len(content) + 1),
            arrow_csv.ParseOptions(quote_char=False, double_quote=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(layout.header, pa.string())),
        )
    except pa.ArrowInvalid:
        return None
    if found.num_rows != rows:
        return None
    longest = max(pc.max(pc.binary_length(column)).as_py() for column in found.columns)
    return found if longest <= LONGEST_FIELD else None


def _quoted(block: Block, layout: Layout) -> tuple[pa.Table, int]:
    reader = csv.reader(block.text(), strict=True)
    if block.layout is None:
        next(reader)
    numbers, records = [], []
    for number, record in _records(reader, block, layout.header):
        numbers.append(number)
        records.append(record)
    fields = zip(*records, strict=True) if records else [()] * len(layout.header)
    columns = [pa.array(values, pa.string()) for values in fields]
    return layout.lines(pa.array(numbers, pa.int64()), columns), reader.line_num


def _records(reader: Iterator[list[str]], block: Block, header: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it begins."""
    width, file, line = len(header), block.file, reader.line_num + 1  # type: ignore[attr-defined]
    try:
        for record in reader:
            if len(record) != width:
                missing = header[len(record)] if len(record) < width else header[-1]
                raise InboxError(file, block.before + line, missing, f"{width} fields", f"{len(record)}")
            yield block.before + line, record
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as problem:
        if "field limit" in str(problem):
            long = _long_field(chain.from_iterable(islice(block.text(), line - 1, None)))
            raise too_long(file, block.before + line, header[min(long, width) - 1]) from problem
        opened = "unexpected end" in str(problem)
        found = "an open quote" if opened else str(problem)
        error = InboxError(file, block.before + line, None, "a line of CSV", found)
        raise OpenQuote(error) if opened else error from problem


def _long_field(characters: Iterable[str]) -> int:
    """Number of the field in which a record, of which these are the characters, exceeds the limit."""
    number, length, quoted = 1, 0, False
    for character in characters:
        quoted ^= character == '"'
        length += 1
        if character == "," and not quoted:
            number, length = number + 1, 0
        elif length > LONGEST_FIELD:
            break
    return number

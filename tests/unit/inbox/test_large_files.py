"""A file is the same lines, or refused, however it is divided: into blocks of one task, or into ranges of many."""

import csv
import gzip
import io
from datetime import datetime
from decimal import Decimal
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acude.inbox import pieces, read_csv, reading
from acude.inbox.errors import InboxError
from acude.inbox.files import InboxFile
from acude.inbox.fingerprint import Fingerprint
from acude.inbox.layout import FIELDS, LINES, RETAIL
from acude.inbox.pieces import Piece, divided, slow_files
from acude.inbox.read_parquet import parquet_tables
from tests import whole_files

KEY = "vendas/loja/2026-11-28.csv"
BOM = b"\xef\xbb\xbf"
NOTHING = LINES.empty_table()

TEXTS = st.text(st.sampled_from('ab",\n\r é'), max_size=6)
RECORDS = st.lists(st.lists(TEXTS, min_size=8, max_size=8), min_size=1, max_size=8)


def csv_of(records: list[list[str]], *, quoted: bool, end: str) -> bytes:
    """A file of these records in the retail layout; unquoted ones may break its rules."""
    text = io.StringIO(newline="")
    if quoted:
        csv.writer(text, lineterminator=end).writerows([RETAIL, *records])
    else:
        text.write("".join(",".join(record) + end for record in [list(RETAIL), *records]))
    return text.getvalue().encode()


def whole(content: bytes) -> pa.Table | None:
    """The lines; None where the file is refused."""
    try:
        return whole_files.read_csv(content, KEY)
    except InboxError:
        return None


def in_blocks(content: bytes, size: int) -> pa.Table | None:
    with mock.patch.object(read_csv, "BLOCK_BYTES", size):
        return whole(content)


def in_ranges(content: bytes, size: int) -> tuple[pa.Table, Fingerprint] | None:
    """The lines of ranges that tasks read, as `acude.inbox.lines` puts them together; None where one has a fault."""
    found, seen, before = [NOTHING], Fingerprint(), 0
    with mock.patch.object(pieces, "PIECE_BYTES", size):
        ranges = divided([InboxFile(KEY, "loja", "csv", "", len(content))])
    try:
        for piece in ranges:
            reader = reading._reader_of_range(io.BytesIO(content), piece)
            lines, own = pa.concat_tables([NOTHING, *reader.tables()]), Fingerprint()
            own.add(lines)
            seen.append(own)
            numbers = pa.array([number + before for number in lines["linha"].to_pylist()], pa.int64())
            found.append(lines.set_column(0, LINES.field("linha"), numbers))
            before += reader.lines
    except InboxError:
        return None
    return pa.concat_tables(found), seen


def fingerprint(lines: pa.Table) -> tuple[int, int]:
    seen = Fingerprint()
    seen.add(lines)
    return seen.rows, seen.value


@settings(max_examples=300, deadline=None)
@given(RECORDS, st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(3, 200))
@example([["a\nb", *"cdefgh"]], True, "\n", False, 85)
@example([['5" tube', *"bcdefgh"]] * 3, False, "\n", False, 120)
def test_blocks_and_ranges_hold_the_files_lines_and_numbers(
    records: list[list[str]], quoted: bool, end: str, marked: bool, size: int
) -> None:
    content = (BOM if marked else b"") + csv_of(records, quoted=quoted, end=end)
    lines = whole(content)
    blocks, ranges = in_blocks(content, size), in_ranges(content, size)
    assert (blocks is None) == (lines is None)
    if lines is None:
        assert ranges is None
        return
    assert blocks is not None
    assert blocks.equals(lines)
    # A range may begin within a text; then one of them has a fault, and the file is read by one task.
    if ranges is not None:
        assert ranges[0].equals(lines)
        assert (ranges[1].rows, ranges[1].value) == fingerprint(lines)


def test_a_plain_file_is_divided() -> None:
    content = csv_of([[str(n), *"bcdefgh"] for n in range(100)], quoted=True, end="\n")
    ranges = in_ranges(content, 100)
    assert ranges is not None
    assert ranges[0]["linha"].to_pylist() == list(range(2, 102))


def test_a_range_that_begins_in_a_text_is_noticed() -> None:
    content = csv_of([["x\n" * 60, *"bcdefgh"]], quoted=True, end="\n")
    assert whole(content) is not None
    assert in_ranges(content, 100) is None


def test_a_fault_behind_many_blocks_is_told_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_csv, "BLOCK_BYTES", 100)
    lines = csv_of([[str(n), 'a\n"b"', *"cdefgh"] for n in range(100)], quoted=True, end="\n")
    for fault, line, column in (
        (b"a,b\n", 202, "Description"),
        (b"a,b,\xff\n", 202, "Description"),
        (b'a,"b\nc', 203, "Country"),
        (b'a,"b\n', 202, None),
        (b"a,b,c,1,2,3,4,5", 202, "Country"),
    ):
        with pytest.raises(InboxError) as caught:
            whole_files.read_csv(lines + fault, KEY)
        assert (caught.value.line, caught.value.column) == (line, column), fault


def test_a_gzip_file_is_unpacked_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    content = csv_of([[str(n), *"bcdefgh"] for n in range(100)], quoted=True, end="\n")
    lines = whole(content)
    monkeypatch.setattr(read_csv, "BLOCK_BYTES", 64)
    assert whole_files.read_csv(gzip.compress(content), f"{KEY}.gz").equals(lines)


def test_a_large_gzip_file_is_one_task_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 10)
    files = [InboxFile(f"{KEY}{end}", "loja", f"csv{end}", "", 25) for end in ("", ".gz")]
    assert [(one.format, one.begin, one.end) for one in divided(files)] == [
        ("csv", 0, 10), ("csv", 10, 20), ("csv", 20, None), ("csv.gz", 0, None),
    ]  # fmt: skip
    assert divided(files, {KEY})[0] == Piece(KEY, "loja", "csv", "")
    (said,) = slow_files(files)
    assert said.startswith(f"{KEY}.gz (25 bytes) is read by one task, for gzip can't be divided")


def parquet(rows: int, group: int, **more: pa.Array) -> bytes:
    columns = {name: pa.array([f"{name} {n}" for n in range(rows)]) for name in FIELDS} | {
        "quantidade": pa.array(range(rows), pa.int32()),
        "data": pa.array([datetime(2026, 11, 28, 10)] * rows, pa.timestamp("us")),  # noqa: DTZ001 - as files have it
        "preco": pa.array([Decimal("19.90")] * rows, pa.decimal128(18, 4)),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns | more), sink, row_group_size=group)
    return sink.getvalue()


@pytest.mark.parametrize("size", [1, 100, 1_000, 10_000])
def test_each_row_group_of_a_parquet_file_is_in_one_range(size: int) -> None:
    content = parquet(50, 7)
    ends = [*range(size, len(content), size)]
    found = [
        table
        for begin, end in zip([0, *ends], [*ends, None], strict=True)
        for table in parquet_tables(io.BytesIO(content), KEY, begin, end)
    ]
    assert pa.concat_tables(found).equals(whole_files.read_parquet(content, KEY))


def test_a_fault_in_a_later_row_group_is_told_by_its_row() -> None:
    content = parquet(50, 7, regiao=pa.array(["SP"] * 40 + ["S\0"] + ["SP"] * 9))
    with pytest.raises(InboxError) as caught:
        whole_files.read_parquet(content, KEY)
    assert (caught.value.line, caught.value.column) == (41, "regiao")


def test_texts_that_grow_are_held_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acude.inbox.read_parquet._HELD_BYTES", 1_000)
    content = parquet(50, 50, descricao=pa.array(["x" * 200] * 50))
    found = list(parquet_tables(io.BytesIO(content), KEY))
    assert max(one.num_rows for one in found) <= 5
    assert pa.concat_tables(found)["linha"].to_pylist() == list(range(1, 51))


def test_other_lines_or_another_order_have_another_fingerprint() -> None:
    one = [["a", *"bcdefgh"], ["b", *"bcdefgh"]]
    lines = [whole(csv_of(records, quoted=True, end="\n")) for records in (one, one[::-1], one[:1], [one[0]] * 2)]
    assert len({fingerprint(found) for found in lines if found is not None}) == 4


def test_a_null_is_no_text_to_the_fingerprint() -> None:
    row = dict.fromkeys(FIELDS, "") | {"linha": 1, "leiaute": "acude"}
    given = [row, row | {"moeda": None}, row | {"moeda": "None"}, row | {"regiao": None}]
    assert len({fingerprint(pa.Table.from_pylist([one], LINES)) for one in given}) == 4

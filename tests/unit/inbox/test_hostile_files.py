"""Files as broken tools and strangers write them: each is read as it says, or refused by its place, whatever its bytes.

The kinds are those of johnkerl/miller#161, duckdb/duckdb#15143 and #7706, PostHog/posthog#90036, apache/arrow#38000,
SPARK-36089 and ParquetSharp#252.
"""

import gzip
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from acude.inbox import read_csv as csv_reader
from acude.inbox import read_parquet as parquet_reader
from acude.inbox import reading
from acude.inbox.errors import InboxError
from acude.inbox.pieces import Piece
from acude.inbox.reading import PieceLines
from acude.lake.object_store import ObjectStore
from tests import whole_files

HEADER = b"id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"
LINE = b"o-1,p-1,Caneca,2,2026-11-28T10:00:00,19.90,u-1,SP,BRL\n"
BOM = b"\xef\xbb\xbf"
TOO_LONG = b"x" * 131_073

SALE: dict[str, pa.Array] = {
    "id_pedido": pa.array(["o-1"]),
    "id_produto": pa.array(["p-1"]),
    "descricao": pa.array(["Caneca"]),
    "quantidade": pa.array([2], pa.int32()),
    "data": pa.array([datetime(2026, 11, 28, 10)], pa.timestamp("us")),  # noqa: DTZ001 - as files have it
    "preco": pa.array([Decimal("19.9000")], pa.decimal128(18, 4)),
    "id_usuario": pa.array(["u-1"]),
    "regiao": pa.array(["SP"]),
    "moeda": pa.array(["BRL"]),
}


def csv(*lines: bytes) -> bytes:
    return HEADER + b"".join(lines)


def described(text: bytes) -> bytes:
    """The line with another description."""
    return LINE.replace(b"Caneca", text)


def cut_with_reserved_flags() -> bytes:
    """GzipFile doesn't look at these bits, zlib refuses them."""
    packed = bytearray(gzip.compress(csv(LINE)))
    packed[3] |= 0xE0
    return bytes(packed[:-4])


def parquet(columns: dict[str, Any] | pa.Table, **how: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    sink = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), sink, **how)
    return sink.getvalue()


def sale(**columns: pa.Array) -> bytes:
    """One sale as Parquet, with some columns exchanged."""
    return parquet(SALE | columns)


def texts(*values: bytes) -> pa.Array:
    """A string column of any bytes, which Arrow doesn't check."""
    offsets = pa.array([sum(map(len, values[:n])) for n in range(len(values) + 1)], pa.int32())
    return pa.Array.from_buffers(pa.string(), len(values), [None, offsets.buffers()[1], pa.py_buffer(b"".join(values))])


def three(**columns: pa.Array) -> dict[str, pa.Array]:
    """Three sales' columns."""
    return {name: column.take(pa.array([0, 0, 0])) for name, column in SALE.items()} | columns


def sales(**columns: pa.Array) -> bytes:
    """Three sales."""
    return parquet(three(**columns))


def with_wrong_numbers() -> bytes:
    """Three regions, whose numbers in the file, two bits each, are all the fourth."""
    content = bytearray(parquet(three(regiao=pa.array(["SP", "RJ", "MG"])), compression="none"))
    column = pq.read_metadata(io.BytesIO(content)).row_group(0).column(7)
    end = column.dictionary_page_offset + column.total_compressed_size
    content[end - 2 : end] = b"\xff\xff"
    return bytes(content)


def with_more_rows() -> bytes:
    """Three sales; the footer says that their row group has seven."""
    rows, first_page = b"\x16\x06", b"\x26\x08"
    content = sales()
    assert content.count(rows + first_page) == 1
    return content.replace(rows + first_page, b"\x16\x0e" + first_page)


def read(kind: str, content: bytes) -> list[dict[str, Any]]:
    one = whole_files.read_parquet if kind == "parquet" else whole_files.read_csv
    rows: list[dict[str, Any]] = one(content, f"vendas/loja/2026-11-28.{kind}").to_pylist()
    return rows


REFUSED: dict[str, tuple[str, bytes, int | None, str | None]] = {
    "two byte-order marks": ("csv", BOM + BOM + csv(LINE), 1, "id_pedido"),
    "a byte-order mark alone": ("csv", BOM, 1, None),
    "UTF-16": ("csv", csv(LINE).decode().encode("utf-16"), 1, "1"),
    "an encoded surrogate": ("csv", csv(described(b"\xed\xa0\xbd")), 2, "descricao"),
    "a bad byte behind a bare CR": ("csv", csv(b"a\rb,o-1,\xff," + LINE), 3, "descricao"),
    "a zero byte behind a bare CR": ("csv", csv(b"a\rb,o-1,p-1,\0" + LINE), 3, "quantidade"),
    "a bad byte in the second line of a text": ("csv", csv(described(b'"Caneca\nazul\xff"')), 3, "descricao"),
    "a bad byte behind a field that is too long": ("csv", csv(TOO_LONG + b"," + described(b"Caf\xe9")), 2, None),
    "a field that is too long": ("csv", csv(LINE, described(TOO_LONG)), 3, "descricao"),
    "a field that is too long behind a quoted comma": ("csv", csv(b'"a,b",' + TOO_LONG + LINE), 2, "id_produto"),
    "a name that is too long": ("csv", TOO_LONG + csv(LINE), 1, None),
    "text behind a quote": ("csv", csv(described(b'"Can"eca')), 2, None),
    "a quote behind a backslash": ("csv", csv(described(b'"Can\\"eca"')), 2, None),
    "an empty record between line ends": ("csv", csv(LINE.replace(b"\n", b"\r\r\n")), 3, "id_pedido"),
    "a comma at the header's end": ("csv", csv(LINE).replace(b"\n", b",\n"), 1, "10"),
    "a blank before a name": ("csv", csv(LINE).replace(b",id_produto", b", id_produto"), 1, "id_produto"),
    "semicolons": ("csv", csv(LINE).replace(b",", b";"), 1, "id_pedido"),
    "gzip: cut, with reserved flags": ("csv.gz", cut_with_reserved_flags(), None, None),
    "gzip: cut in the second member": ("csv.gz", gzip.compress(csv(LINE)) + gzip.compress(LINE)[:-6], 3, None),
    "gzip: bytes behind": ("csv.gz", gzip.compress(csv(LINE)) + b"lixo", None, None),
    "gzip: another checksum": ("csv.gz", gzip.compress(csv(LINE))[:-8] + bytes(8), None, None),
    "Parquet: no UTF-8": ("parquet", sales(descricao=texts(b"Caneca", b"Caf\xe9", b"x")), 2, "descricao"),
    "Parquet: a zero byte": ("parquet", sales(regiao=pa.array(["SP", "SP", "S\0"])), 3, "regiao"),
    "Parquet: a text that is too long": ("parquet", sale(id_usuario=pa.array([TOO_LONG.decode()])), 1, "id_usuario"),
    "Parquet: a text that its dictionary has not": ("parquet", with_wrong_numbers(), 1, "regiao"),
    "Parquet: fewer rows than promised": ("parquet", with_more_rows(), None, None),
    "Parquet: a name that is no UTF-8": ("parquet", sale().replace(b"moeda", b"moed\xe9"), None, None),
    "Parquet: a column twice": ("parquet", parquet(pa.table([*SALE.values()] * 2, [*SALE] * 2)), None, "id_pedido"),
    "Parquet: a column of nulls": ("parquet", sale(regiao=pa.nulls(1)), None, "regiao"),
    "Parquet: a time as text": ("parquet", sale(data=pa.array(["2026-11-28 10:00:00"])), None, "data"),
    "Parquet: a category": ("parquet", sale(descricao=SALE["descricao"].dictionary_encode()), None, "descricao"),
    "Parquet: nanoseconds": ("parquet", sale(data=pa.array([1], pa.timestamp("ns"))), None, "data"),
    "Parquet: a year that int96's reader can't hold": (
        "parquet",
        parquet(
            SALE | {"data": pa.array([253402300799000000], pa.timestamp("us"))}, use_deprecated_int96_timestamps=True
        ),
        None, "data",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "line", "column"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cant_be_read_is_refused_by_its_place(
    kind: str, content: bytes, line: int | None, column: str | None
) -> None:
    with pytest.raises(InboxError) as caught:
        read(kind, content)
    assert (caught.value.line, caught.value.column) == (line, column)


READ: dict[str, tuple[str, bytes, list[dict[str, Any]]]] = {
    "a quoted name behind a byte-order mark": (
        "csv", BOM + HEADER.replace(b"id_pedido", b'"id_pedido"') + LINE, [{"id_pedido": "o-1"}],
    ),
    "line ends in a text": (
        "csv", csv(described(b'"Caneca\r\nazul\n"'), LINE),
        [{"linha": 2, "descricao": "Caneca\r\nazul\n"}, {"linha": 5, "descricao": "Caneca"}],
    ),
    "line ends of Unicode": (
        "csv", csv(described("Can\u2028eca\x85\x0b".encode())), [{"descricao": "Can\u2028eca\x85\x0b"}],
    ),
    "the longest field": ("csv", csv(described(TOO_LONG[1:])), [{"descricao": TOO_LONG[1:].decode()}]),
    "two gzip members": (
        "csv.gz", gzip.compress(csv(LINE)) + gzip.compress(LINE), [{"linha": 2}, {"linha": 3}],
    ),
    "Parquet: int96": (
        "parquet", parquet(SALE, use_deprecated_int96_timestamps=True), [{"data": "2026-11-28 10:00:00.000000"}],
    ),
    "Parquet: a zone that nobody knows": (
        "parquet", sale(data=pa.array([0], pa.timestamp("us", "Mars/Olympus"))),
        [{"data": "1970-01-01 00:00:00.000000"}],
    ),
    "Parquet: a day": ("parquet", sale(data=pa.array([date(2026, 11, 28)])), [{"data": "2026-11-28"}]),
    "Parquet: a wide decimal": (
        "parquet", sale(preco=pa.array([Decimal("19.9")], pa.decimal256(50, 4))), [{"preco": "19.9000"}],
    ),
    "Parquet: a time that no calendar has": (
        "parquet", sale(data=pa.array([2**62], pa.timestamp("us"))), [{"data": f"<value out of range: {2**62}>"}],
    ),
    "Parquet: no price": ("parquet", sale(preco=pa.nulls(1, pa.decimal128(10, 2))), [{"preco": None}]),
    "Parquet: a null": ("parquet", sale(descricao=pa.nulls(1, pa.string())), [{"descricao": None}]),
    "Parquet: large strings": ("parquet", sale(regiao=pa.array(["SP"], pa.large_string())), [{"regiao": "SP"}]),
    "Parquet: other order": ("parquet", parquet(dict(reversed(SALE.items()))), [{"id_pedido": "o-1", "moeda": "BRL"}]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "expected"), READ.values(), ids=READ)
def test_a_file_that_is_only_unusual_is_read(kind: str, content: bytes, expected: list[dict[str, Any]]) -> None:
    found = read(kind, content)
    assert [{name: row[name] for name in want} for row, want in zip(found, expected, strict=True)] == expected


def test_a_long_name_is_told_in_part() -> None:
    with pytest.raises(InboxError) as caught:
        read("csv", csv(LINE).replace(b"id_pedido", b"x" * 100_000))
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("csv.gz", gzip.compress(csv(described(b" " * 10_000)))),
        ("parquet", sale(descricao=pa.array([" " * 10_000]))),
        # A dictionary has the text once, and so has the file.
        ("parquet", sales(descricao=pa.array([" " * 5_000] * 3))),
    ],
    ids=["gzip", "Parquet", "Parquet's dictionary"],
)
def test_more_bytes_than_a_file_may_have_are_refused(
    monkeypatch: pytest.MonkeyPatch, kind: str, content: bytes
) -> None:
    monkeypatch.setattr(csv_reader, "LARGEST_BYTES", 9_000)
    monkeypatch.setattr(parquet_reader, "LARGEST_BYTES", 9_000)
    with pytest.raises(InboxError, match="bytes, packed and unpacked, found more"):
        read(kind, content)


@pytest.mark.parametrize(("kind", "content"), [("csv", csv(*[LINE] * 3)), ("parquet", sales())], ids=["CSV", "Parquet"])
def test_more_lines_than_a_file_may_have_are_refused(
    monkeypatch: pytest.MonkeyPatch, kind: str, content: bytes
) -> None:
    for reader in (csv_reader, parquet_reader):
        monkeypatch.setattr(reader, "LARGEST_LINES", 3)
    assert len(read(kind, content)) == 3
    for reader in (csv_reader, parquet_reader):
        monkeypatch.setattr(reader, "LARGEST_LINES", 2)
    with pytest.raises(InboxError, match=r"lines, found more; send it in parts"):
        read(kind, content)


class Folder(ObjectStore):
    """A folder in a bucket's place."""

    def filesystem(self) -> LocalFileSystem:
        return LocalFileSystem()


def test_a_file_that_is_too_large_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reading, "LARGEST_BYTES", 10)
    (tmp_path / "2026-11-28.csv").write_bytes(csv(LINE))
    with pytest.raises(InboxError, match=r"at most .* bytes"):
        list(PieceLines(Folder(str(tmp_path), "sa-east-1"), Piece("2026-11-28.csv", "loja", "csv", "etag")).tables())

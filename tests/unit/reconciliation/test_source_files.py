"""The inbox's files as the reconciliation reads them: valid lines, whatever the format; repeated ones have one hash."""

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from acude.reconciliation.source_files import longest_texts, sold_lines

DAY = date(2026, 11, 20)
HEADER = ["id_pedido", "id_produto", "descricao", "quantidade", "data", "preco", "id_usuario", "regiao", "moeda"]
SOLD = ["1", "p1", "Vaso\ncom flor", "2", f"{DAY} 12:00:00", "10.50", "u1", "SP", "BRL"]
RETURNED = ["C1", "p1", "Vaso", "-1", f"{DAY} 13:00:00", "10.50", "u1", "SP", "BRL"]
FREE = ["2", "p1", "Vaso", "1", f"{DAY} 12:00:00", "0", "u1", "SP", "BRL"]
LATER = ["3", "p1", "Vaso", "1", "2026-11-21 12:00:00", "10.50", "u1", "SP", "BRL"]
LINES = [SOLD, RETURNED, SOLD, FREE, LATER]


def sold(path: Path) -> list[tuple[str, Decimal]]:
    """Currency and revenue of the file's valid lines."""
    return [(one.currency, one.revenue) for one in sold_lines(LocalFileSystem(), str(path), DAY, longest_texts())]


def csv_of(lines: list[list[str]]) -> bytes:
    quoted = [",".join(f'"{value}"' for value in line) for line in [HEADER, *lines]]
    return "".join(f"{line}\r\n" for line in quoted).encode()


def parquet_of(lines: list[list[str]]) -> bytes:
    rows = [dict(zip(HEADER, line, strict=True)) for line in lines]
    typed = [
        {**row, "quantidade": int(row["quantidade"]), "data": datetime.fromisoformat(row["data"]).replace(tzinfo=UTC)}
        for row in rows
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(typed), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("suffix", "content"),
    [("csv", csv_of(LINES)), ("csv.gz", gzip.compress(csv_of(LINES))), ("parquet", parquet_of(LINES))],
    ids=["csv", "csv.gz", "parquet"],
)
def test_each_valid_line_is_found_in_every_format_and_repeated_ones_have_one_hash(
    suffix: str, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / f"{DAY}.{suffix}"
    path.write_bytes(content)
    found = list(sold_lines(LocalFileSystem(), str(path), DAY, longest_texts()))
    assert [one.revenue for one in found] == [Decimal("21.00"), Decimal("-10.50"), Decimal("21.00")]
    assert {one.currency for one in found} == {"BRL"}
    assert found[0].line == found[2].line != found[1].line


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("preco", "1_000"),
        ("preco", " 10.50"),
        ("preco", "1e3"),
        ("preco", "1e999999"),
        ("preco", "sNaN"),
        ("preco", "\uff11\uff10"),
        ("quantidade", "1_0"),
        ("quantidade", "2147483648"),
        ("data", f"{DAY} 23:30:00-03:00"),
        ("data", "20261120"),
        ("data", "0001-01-01 00:00:00+03:00"),
        ("id_produto", " "),
        ("regiao", ""),
        ("regiao", "x" * 65),
        ("moeda", "brl"),
    ],
)
def test_what_the_lake_quarantines_does_not_count(column: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"{DAY}.csv"
    wrong = [text if name == column else value for name, value in zip(HEADER, SOLD, strict=True)]
    path.write_bytes(csv_of([wrong, RETURNED]))
    assert sold(path) == [("BRL", Decimal("-10.50"))]


def test_online_retail_is_in_pounds(tmp_path: Path) -> None:
    path = tmp_path / f"{DAY}.csv"
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    path.write_text(f"{header}\n536365,85123A,HOLDER,6,{DAY} 08:26:00,2.55,17850,United Kingdom\n")
    assert sold(path) == [("GBP", Decimal("15.30"))]

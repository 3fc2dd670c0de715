"""The page about the warehouse says how many rows the loader takes at a time."""

from acude.settings import PROJECT
from acude.warehouse.copying import CSV_ROWS
from acude.warehouse.rows import PIECE_ROWS


def test_the_page_says_how_many_rows_are_in_memory_and_in_a_file() -> None:
    page = (PROJECT / "docs" / "warehouse.md").read_text(encoding="utf-8")
    assert f"Parquet, {PIECE_ROWS:,} rows per file" in page
    assert f"| {PIECE_ROWS:,} rows at a time, {CSV_ROWS:,} of them as text | {PIECE_ROWS:,} rows at a time" in page

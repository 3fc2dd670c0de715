"""A file is skipped only where it is certain that none of its rows fits."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, Schema

from acude.lake.commit import BatchWriter, append_once
from acude.lake.data_files import FileWriter, Target
from acude.lake.dataset import dataset
from tests.buckets import Folder

SCHEMA = pa.schema(
    [
        pa.field("data", pa.date32(), nullable=False),
        pa.field("x", pa.int64()),
        pa.field("em", pa.timestamp("us", tz="UTC")),
        pa.field("texto", pa.string()),
        pa.field("valor", pa.decimal128(18, 2)),
        pa.field("certo", pa.bool_()),
    ]
)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROW = {"data": DAY, "x": 1, "em": NOON, "texto": "a", "valor": Decimal("1.00"), "certo": True}
LONG = {"x": 2, "texto": "b" * 64, "valor": Decimal("2.00"), "certo": False}
EMPTY = dict.fromkeys(("x", "em", "texto", "valor", "certo"))
Row = dict[str, Any]


def written(place: Path, *files: list[Row]) -> DeltaTable:
    """A table with these files, by the platform's own writer; a row names only how it differs."""
    target, store = Target("t", "t", SCHEMA, ("data",)), Folder(str(place).lstrip("/"), "none")
    made = DeltaTable.create(str(place / "t"), Schema.from_arrow(SCHEMA), partition_by=["data"])
    for number, differences in enumerate(files):
        rows = [ROW | one for one in differences]
        (place / "t" / f"data={rows[0]['data']}").mkdir(exist_ok=True)
        writer = FileWriter(target, store)
        writer.write(pa.Table.from_pylist(rows, SCHEMA))
        append_once(made, BatchWriter(), writer.close(), "app", number)
    return DeltaTable(str(place / "t"))


def fitting(found: DeltaTable, condition: pc.Expression) -> list[int]:
    return sorted(dataset(found, condition).to_table(columns=["x"], filter=condition)["x"].to_pylist(), key=str)


@pytest.mark.parametrize(
    ("column", "value"), [("texto", "b" * 64), ("valor", Decimal("2.00")), ("certo", False)], ids=str
)
def test_a_row_is_found_by_a_column_without_bounds(tmp_path: Path, column: str, value: object) -> None:
    assert fitting(written(tmp_path, [{}], [LONG]), pc.field(column) == value) == [2]


def test_a_row_is_found_among_nulls_and_a_null_among_values(tmp_path: Path) -> None:
    found = written(tmp_path, [{}, EMPTY], [LONG, EMPTY])
    assert fitting(found, pc.field("x") >= 1) == [1, 2]
    assert fitting(found, pc.field("x").is_null()) == [None, None]
    assert fitting(found, (pc.field("em") == NOON) | pc.field("texto").is_null()) == [1, 2, None, None]


def test_a_file_of_nulls_is_found(tmp_path: Path) -> None:
    assert fitting(written(tmp_path, [{}], [EMPTY]), pc.field("texto").is_null()) == [None]


def test_a_column_that_came_later_is_null_in_older_files(tmp_path: Path) -> None:
    found = written(tmp_path, [{}])
    found.alter.add_columns(Schema.from_arrow(pa.schema([("novo", pa.string())])).fields)
    assert fitting(found, pc.field("novo").is_null()) == [1]
    assert fitting(found, pc.field("novo") == "a") == []


@pytest.mark.parametrize(
    ("difference", "condition"),
    [
        ({"data": DAY + timedelta(days=1)}, pc.field("data") > DAY),
        ({"em": NOON - timedelta(hours=1)}, (pc.field("em") < NOON) & (pc.field("data") == DAY)),
        ({"x": 3}, pc.field("x").isin([3, 4])),
        ({"texto": "b"}, pc.field("texto") == "b"),
    ],
    ids=["partition", "time", "number", "text"],
)
def test_files_that_cannot_hold_a_fitting_row_are_not_read(
    tmp_path: Path, difference: Row, condition: pc.Expression
) -> None:
    found = dataset(written(tmp_path, [{}], [difference]), condition)
    assert len(list(found.get_fragments(filter=condition))) == 1
    assert found.to_table(filter=condition).num_rows == 1


def test_only_the_files_that_are_named_are_read(tmp_path: Path) -> None:
    found, condition = written(tmp_path, [{}], [{"x": 2}]), pc.field("x") > 0
    for path in dataset(found, condition).files:
        assert dataset(found, condition, among={path}).files == [path]


def test_a_table_without_files_has_no_rows(tmp_path: Path) -> None:
    assert fitting(written(tmp_path), pc.field("x") > 0) == []


@pytest.mark.parametrize("moment", [LAST, LAST.replace(microsecond=999_000), FIRST], ids=str)
def test_a_time_at_the_end_of_the_calendar_hides_no_row(tmp_path: Path, moment: datetime) -> None:
    found = written(tmp_path, [{}], [{"x": 2}, {"x": 3, "em": moment}])
    assert fitting(found, pc.field("em") == NOON) == [1, 2]
    assert fitting(found, pc.field("em") == moment) == [3]
    assert len(found.to_pyarrow_dataset(file_pruning_predicate=[("em", "=", NOON)]).files) == 2

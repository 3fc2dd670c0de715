"""384 queries with the answers that Trino 476 gave in UTC, as clients of Athena see them.

``trino_answers.jsonl`` has a query a line, with columns, types and rows, or the name of the error. In seven lines
Athena's answer is not Trino's, and stands in its place: four times with a zone, which Athena's clients are given by the
zone's name and not by its offset, and the errors of a table that does not exist (Athena always has a catalogue), of
INSERT and of DELETE (refused before the table is looked for).
"""

import csv
import io
import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyathena.converter import DefaultTypeConverter

from tests.integration.athena.conftest import Athena

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("trino_answers.jsonl").read_text().splitlines()
]
AT_ONCE = 6
JAVA_DOUBLE = re.compile(r"-?\d+\.\d+(E-?\d+)?|NaN|-?Infinity")
NESTED = ("array", "map", "row")


@dataclass(frozen=True)
class Answer:
    """What a client gets of one query."""

    reason: str | None
    columns: list[dict[str, Any]]
    rows: list[list[str | None]]
    file: str


@pytest.fixture(scope="session")
def answers(athena: Athena) -> dict[str, Answer]:
    """All queries' answers, asked several at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(pool.map(lambda case: (case["sql"], ask(athena, case["sql"])), CASES))


def ask(athena: Athena, sql: str) -> Answer:
    execution = athena.run(sql)
    if execution["Status"]["State"] != "SUCCEEDED":
        return Answer(execution["Status"]["StateChangeReason"], [], [], "")
    found = athena.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    rows = [[datum.get("VarCharValue") for datum in row["Data"]] for row in found["Rows"]]
    file = athena.file(execution["ResultConfiguration"]["OutputLocation"])
    return Answer(None, found["ResultSetMetadata"]["ColumnInfo"], rows, file)


def base(kind: str) -> str:
    """``timestamp(3) with time zone`` without its precision."""
    return re.sub(r"\(.*?\)", "", kind).lower() if not kind.startswith(NESTED) else kind.partition("(")[0]


def text(value: Any, kind: str) -> str | None:  # noqa: ANN401, PLR0911 - any value; one line per type
    """A value of the file as Athena writes it."""
    name = base(kind)
    if value is None:
        return None
    if name == "array":
        item = kind[len("array(") : -1]
        return f"[{', '.join(text(each, item) or 'null' for each in value)}]"
    if name == "row":
        return "{" + ", ".join("null" if each is None else str(each) for each in value) + "}"
    if name == "boolean":
        return "true" if value else "false"
    if name.startswith("timestamp"):
        moment, _, zone = value.partition(" ")[2].partition(" ")
        clock, _, digits = moment.partition(".")
        return f"{value.partition(' ')[0]} {clock}.{digits:0<3}" + (f" {zone}" if zone else "")
    if name == "interval day to second":
        hours, minutes, seconds = value.split(":")
        return f"0 {int(hours):02d}:{minutes}:{float(seconds):06.3f}"
    return str(value)


def typed(value: Any, kind: str) -> Any:  # noqa: ANN401 - any value
    """A value of the file as Python has it."""
    name = base(kind)
    if value is None:
        return None
    if name in {"double", "real"}:
        return float(value)
    if name == "decimal":
        return Decimal(value)
    if name == "date":
        return date.fromisoformat(value)
    if name == "timestamp":
        return datetime.fromisoformat(value)
    return json.loads(value) if name == "json" else value


def quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def items(shown: str | None) -> list[str]:
    """A map's entries, whose order means nothing, and a row's values without their names."""
    return sorted(part.rpartition("=")[2] if "=" in part else part for part in (shown or "{}")[1:-1].split(", "))


def exactness(kind: str) -> float:
    """How far two numbers may lie apart: a `real` has seven digits."""
    return 1e-6 if base(kind) == "real" else 1e-9


def assert_same_text(found: str | None, value: Any, kind: str) -> None:  # noqa: ANN401
    name = base(kind)
    if name in {"double", "real"} and value is not None:
        assert found is not None
        assert JAVA_DOUBLE.fullmatch(found)
        assert float(found) == pytest.approx(float(value), rel=exactness(kind), abs=1e-9, nan_ok=True)
    elif name == "map":
        assert sorted((found or "")[1:-1].split(", ")) == sorted(
            f"{key}={text(each, kind.partition(', ')[2][:-1])}" for key, each in value.items()
        )
    elif name == "row":
        assert items(found) == items(text(value, kind))
    else:
        assert found == text(value, kind)


def assert_same_value(found: str | None, value: Any, column: dict[str, Any], kind: str) -> None:  # noqa: ANN401
    """What PyAthena makes of the text; of zones and nested values it makes what it can, also of AWS's."""
    if base(kind) in {*NESTED, "timestamp with time zone", "interval day to second"} or beyond_python(value, kind):
        return
    made, wanted = DefaultTypeConverter().convert(column["Type"], found), typed(value, kind)
    if isinstance(wanted, float):
        assert isinstance(made, float)
        assert math.isclose(made, wanted, rel_tol=exactness(kind), abs_tol=1e-9) or (
            math.isnan(made) and math.isnan(wanted)
        )
    else:
        assert (type(made), str(made)) == (type(wanted), str(wanted))


def beyond_python(value: Any, kind: str) -> bool:  # noqa: ANN401
    """Python's years are those from 1 to 9999."""
    return base(kind) in {"date", "timestamp"} and value is not None and not re.match(r"(?!0000)\d{4}-", value)


def assert_same_column(column: dict[str, Any], name: str, kind: str) -> None:
    shown = {"real": "float"}.get(base(kind), base(kind))
    assert (column["Name"], column["Type"]) == (name, shown)
    if shown == "decimal":
        precision, scale = map(int, kind[len("decimal(") : -1].split(","))
        assert (column["Precision"], column["Scale"]) == (precision, scale)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sql"][:60])
def test_a_query_is_answered_as_by_trino(answers: dict[str, Answer], case: dict[str, Any]) -> None:
    answer = answers[case["sql"]]
    if "error" in case:
        assert answer.reason is not None
        assert answer.reason.startswith(f"{case['error']}: ")
        return
    assert answer.reason is None
    for column, name, kind in zip(answer.columns, case["columns"], case["types"], strict=True):
        assert_same_column(column, name, kind)
    header, *found = answer.rows
    assert header == case["columns"]
    expected = [
        (row, [text(value, kind) for value, kind in zip(row, case["types"], strict=True)]) for row in case["rows"]
    ]
    if "ORDER BY" not in case["sql"]:
        found.sort(key=str)
        expected.sort(key=lambda pair: str(pair[1]))
    for row, (values, _) in zip(found, expected, strict=True):
        for shown, value, column, kind in zip(row, values, answer.columns, case["types"], strict=True):
            assert_same_text(shown, value, kind)
            assert_same_value(shown, value, column, kind)


@pytest.mark.parametrize("case", [case for case in CASES if "rows" in case], ids=lambda case: case["sql"][:60])
def test_the_file_says_what_the_api_says(answers: dict[str, Answer], case: dict[str, Any]) -> None:
    answer = answers[case["sql"]]
    assert answer.file == "".join(",".join(map(quoted, row)) + "\n" for row in answer.rows)
    # A row whose only value is null is an empty line.
    read = [row or [""] for row in csv.reader(io.StringIO(answer.file))]
    assert [[value or "" for value in row] for row in answer.rows] == read

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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyathena.converter import DefaultTypeConverter

from tests.integration.athena.conftest import Athena

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("trino_answers.jsonl").read_text().splitlines()
]
AT_ONCE = 6
JAVA_DOUBLE = re.compile(r"-?\d+\.\d+(E-?\d+)?|NaN|-?Infinity")
NESTED = ("array", "map", "row")
PLAIN: dict[str, Callable[[Any], Any]] = {
    "double": float,
    "real": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "json": json.loads,
}
"""What PyAthena makes of a value's text."""


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


def parts(listed: str) -> list[str]:
    """What stands between the commas that are not in brackets."""
    found, depth = [""], 0
    for sign in listed:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return [part.strip() for part in found]


def arguments(kind: str) -> list[str]:
    """The types of which a nested type is made."""
    return parts(kind.partition("(")[2][:-1])


def fields(kind: str) -> dict[str, str]:
    """Names and types of a row; those without a name get Athena's."""
    found = (argument.rpartition(" ") for argument in arguments(kind))
    return {name or f"field{place}": item for place, (name, _, item) in enumerate(found)}


def text(value: Any, kind: str) -> str | None:  # noqa: ANN401, PLR0911 - any value; one line per type
    """A value of the file as Athena writes it."""
    name = base(kind)
    if value is None:
        return None
    if name == "array":
        (item,) = arguments(kind)
        return f"[{', '.join(nested(each, item) for each in value)}]"
    if name == "map":
        key_kind, item = arguments(kind)
        return "{" + ", ".join(f"{text(key, key_kind)}={nested(each, item)}" for key, each in value.items()) + "}"
    if name == "row":
        named = zip(fields(kind).items(), value, strict=True)
        return "{" + ", ".join(f"{name}={nested(each, item)}" for (name, item), each in named) + "}"
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


def nested(value: Any, kind: str) -> str:  # noqa: ANN401
    shown = text(value, kind)
    return "null" if shown is None else shown


def typed(value: Any, kind: str) -> Any:  # noqa: ANN401, PLR0911 - any value; one line per type
    """A value of the file as PyAthena gives it, which knows no intervals, and has text for a map's keys."""
    name = base(kind)
    if value is None:
        return None
    if name == "array":
        (item,) = arguments(kind)
        return [typed(each, item) for each in value]
    if name == "map":
        key_kind, item = arguments(kind)
        return {str(typed(key, key_kind)): typed(each, item) for key, each in value.items()}
    if name == "row":
        return {name: typed(each, item) for (name, item), each in zip(fields(kind).items(), value, strict=True)}
    if name == "timestamp with time zone":
        moment, _, zone = value.rpartition(" ")
        return datetime.fromisoformat(moment).replace(tzinfo=zone_of(zone))
    if name == "interval day to second":
        return text(value, kind)
    return PLAIN[name](value) if name in PLAIN else value


def zone_of(name: str) -> tzinfo:
    """``America/Sao_Paulo`` or ``-03:00``."""
    if name[0] not in "+-":
        return ZoneInfo(name)
    zone = datetime.strptime(name, "%z").tzinfo
    assert zone is not None
    return zone


def quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def exactness(kind: str) -> float:
    """How far two numbers may lie apart: a `real` has seven digits."""
    return 1e-6 if base(kind) == "real" else 1e-9


def assert_same_text(found: str | None, value: Any, kind: str) -> None:  # noqa: ANN401
    name, wanted = base(kind), text(value, kind)
    if name in {"double", "real"} and value is not None:
        assert found is not None
        assert JAVA_DOUBLE.fullmatch(found)
        assert float(found) == pytest.approx(float(value), rel=exactness(kind), abs=1e-9, nan_ok=True)
    elif name == "map" and found and wanted:
        # The order of a map's entries means nothing.
        assert (found[0], sorted(parts(found[1:-1])), found[-1]) == ("{", sorted(parts(wanted[1:-1])), "}")
    else:
        assert found == wanted


def assert_same_value(found: str | None, value: Any, column: dict[str, Any], kind: str) -> None:  # noqa: ANN401
    """What PyAthena makes of the text; it is told what is in a nested type, as AWS's metadata doesn't say it either."""
    if beyond_python(value, kind):
        return
    hint = kind if base(kind) in NESTED else None
    made: Any = DefaultTypeConverter().convert(column["Type"], found, hint)
    wanted = typed(value, kind)
    if isinstance(wanted, float):
        assert isinstance(made, float)
        assert math.isclose(made, wanted, rel_tol=exactness(kind), abs_tol=1e-9) or (
            math.isnan(made) and math.isnan(wanted)
        )
    elif isinstance(wanted, dict) and base(kind) == "map":
        assert repr(sorted(made.items())) == repr(sorted(wanted.items()))
    elif isinstance(wanted, datetime):
        assert (type(made), made, made.tzinfo) == (datetime, wanted, wanted.tzinfo)
    else:
        assert (type(made), repr(made)) == (type(wanted), repr(wanted))


def beyond_python(value: Any, kind: str) -> bool:  # noqa: ANN401
    """Python's years are those from 1 to 9999; PyAthena refuses an hour that a zone has twice."""
    if value is None or base(kind) not in {"date", "timestamp", "timestamp with time zone"}:
        return False
    if not re.match(r"(?!0000)\d{4}-", value):
        return True
    moment = typed(value, kind)
    return isinstance(moment, datetime) and moment.utcoffset() != moment.replace(fold=1).utcoffset()


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

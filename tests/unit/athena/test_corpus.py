"""Trino's own answers, where the shared corpus lies beside the checkout."""

import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from acude.athena.errors import QueryError
from acude.athena.results import in_zone
from acude.athena.scope import Output
from acude.athena.types import Type
from acude.settings import PROJECT
from tests.unit.athena.conftest import Ask

CORPUS = PROJECT.parent / "shared" / "athena-corpus.json"
QUERIES: list[dict[str, Any]] = json.loads(CORPUS.read_text())["queries"] if CORPUS.exists() else []
pytestmark = pytest.mark.skipif(not QUERIES, reason=f"{CORPUS.name} is not beside this checkout")
FLOOR = 0.9


def plain(value: Any, kind: Type) -> Any:  # noqa: ANN401, PLR0911
    """A value as the corpus writes it."""
    if value is None:
        return None
    if kind.kind == "array":
        return [plain(item, kind.item) for item in value]
    if kind.kind == "map":
        return {str(key): plain(item, kind.items[1]) for key, item in value.items()}
    if kind.kind == "timestamptz":
        return str(in_zone(value, kind.zone))
    if kind.kind == "interval_day":
        return str(timedelta(milliseconds=value))
    if isinstance(value, Decimal | date | datetime):
        return str(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def same(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - any result
    if isinstance(found, float) and isinstance(wanted, float):
        return math.isclose(found, wanted, abs_tol=1e-9)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == wanted)


def verdict(ask: Ask, case: dict[str, Any]) -> str:
    """right, refused or different."""
    try:
        plan, found = ask(case["sql"])
    except QueryError:
        return "right" if "error" in case else "refused"
    if "error" in case:
        return "different"
    shown = [[plain(value, out.type) for value, out in zip(row, plan.outputs, strict=True)] for row in found]
    types = [str(out.type) for out in plan.outputs]
    kept = plan.names == case["columns"] and types == [kind.lower() for kind in case["types"]]
    return "right" if kept and same(shown, case["rows"]) else "different"


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case["sql"][:60])
def test_no_answer_differs_from_trinos(ask: Ask, case: dict[str, Any]) -> None:
    assert verdict(ask, case) != "different"


def test_nine_in_ten_are_answered_as_trino_does(ask: Ask) -> None:
    right = sum(verdict(ask, case) == "right" for case in QUERIES)
    assert right >= FLOOR * len(QUERIES)


def test_a_column_keeps_its_zone() -> None:
    assert str(Output(None, Type("timestamptz", 3, zone="America/Sao_Paulo")).type) == "timestamp(3) with time zone"

"""Sums are asked of the place that was named."""

import tracemalloc
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from acude.athena.client import QueryResult
from acude.reconciliation import sums
from acude.reconciliation.report import Key
from acude.settings import Settings

DAY = date(2026, 11, 22)


def test_athena_is_asked_where_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    other, asked = Settings(athena_endpoint="https://elsewhere"), []

    def run_query(sql: str, *, config: Settings | None = None, **_: Any) -> QueryResult:  # noqa: ANN401, ARG001
        asked.append(config)
        return QueryResult(["data", "moeda", "soma"], [(DAY, "BRL", Decimal("2.10"))])

    monkeypatch.setattr(sums, "run_query", run_query)
    assert sums.athena(other, "silver.vendas", "receita", DAY, DAY) == {Key("vendas", DAY, "BRL"): Decimal("2.10")}
    assert asked == [other]


def test_a_days_rows_are_added_up_exactly_and_become_no_objects() -> None:
    rows, cent = 50_000, Decimal("90071992547409.93")
    values = pa.array([cent, None] * (rows // 2), pa.decimal128(18, 2))
    found = pa.table({"dia": [DAY] * rows, "moeda": ["BRL"] * rows, "valor": values})
    tracemalloc.start()
    try:
        assert sums.sums_of("compras", found, "dia", "moeda", "valor") == {Key("compras", DAY, "BRL"): cent * 25_000}
        assert tracemalloc.get_traced_memory()[1] < rows
    finally:
        tracemalloc.stop()
    assert sums.sums_of("compras", found.slice(0, 0), "dia", "moeda", "valor") == {}

"""Sums are asked of the place that was named."""

from datetime import date
from decimal import Decimal
from typing import Any

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

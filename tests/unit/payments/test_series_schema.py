"""The time series' SQL for both kinds of database comes from one source."""

import re

import pytest

from acude.contracts.model import table
from acude.payments.series.schema import TABLE, Kind, script, stored
from acude.settings import PROJECT

FILES = {Kind.PLAIN: "pagamentos.sql", Kind.TIMESCALEDB: "pagamentos.timescaledb.sql"}


@pytest.mark.parametrize("kind", Kind)
def test_the_committed_schema_is_what_the_contract_says(kind: Kind) -> None:
    committed = (PROJECT / "infra" / "postgres" / FILES[kind]).read_text(encoding="utf-8")
    assert committed == script(kind), "run: make generate"


def test_both_kinds_have_the_same_names_for_what_is_loaded_and_asked() -> None:
    made = [
        set(re.findall(r"^CREATE (?:MATERIALIZED VIEW|TABLE|VIEW|FUNCTION) (\w+)", script(kind), re.MULTILINE))
        for kind in Kind
    ]
    assert made[0] == made[1]
    assert {"pagamentos_por_minuto", "pagamentos_minuto", "pagamentos_hora", "pagamentos_expirar"} <= made[0]


def test_both_kinds_read_by_the_same_views() -> None:
    views = [script(kind).partition("CREATE VIEW")[2] for kind in Kind]
    assert views[0] == views[1]


def test_the_columns_are_the_contracts() -> None:
    lines = [f"    {column.name} " for column in stored(table(TABLE))]
    for kind in Kind:
        create = script(kind).partition("CREATE TABLE pagamentos_por_minuto (")[2]
        assert all(line in create for line in lines)

"""The time series' SQL for both kinds of database comes from one source."""

import re

import pytest

from acude.contracts.model import table
from acude.payments.series.schema import TABLE, Kind, load_statements, minute_days, script, stored
from acude.settings import PROJECT

CREATE = r"CREATE (?:(?:MATERIALIZED VIEW|TABLE) IF NOT EXISTS|OR REPLACE (?:VIEW|FUNCTION)) "
FILES = {Kind.PLAIN: "pagamentos.sql", Kind.TIMESCALEDB: "pagamentos.timescaledb.sql"}


@pytest.mark.parametrize("kind", Kind)
def test_the_committed_schema_is_what_the_contract_says(kind: Kind) -> None:
    committed = (PROJECT / "infra" / "postgres" / FILES[kind]).read_text(encoding="utf-8")
    assert committed == script(kind), "run: make generate"


def test_both_kinds_have_the_same_names_for_what_is_loaded_and_asked() -> None:
    made = [set(re.findall(rf"^{CREATE}(\w+)", script(kind), re.MULTILINE)) for kind in Kind]
    assert made[0] == made[1]
    assert {"pagamentos_por_minuto", "pagamentos_minuto", "pagamentos_hora", "pagamentos_expirar"} <= made[0]


def test_both_kinds_read_by_the_same_views() -> None:
    views = [script(kind).partition("CREATE OR REPLACE VIEW")[2] for kind in Kind]
    assert views[0] == views[1]


def test_the_columns_are_the_contracts() -> None:
    lines = [f"    {column.name} " for column in stored(table(TABLE))]
    for kind in Kind:
        create = script(kind).partition("CREATE TABLE IF NOT EXISTS pagamentos_por_minuto (")[2]
        assert all(line in create for line in lines)


@pytest.mark.parametrize("kind", Kind)
def test_what_a_script_creates_may_be_there(kind: Kind) -> None:
    lines = [line for line in script(kind).splitlines() if line.startswith("CREATE ")]
    assert lines
    assert [line for line in lines if not re.match(f"{CREATE}|CREATE EXTENSION IF NOT EXISTS ", line)] == []


def test_each_of_timescaledbs_jobs_takes_the_place_of_the_one_that_is_there() -> None:
    calls = re.findall(r"^SELECT (add|remove)_(\w+_policy)\(\s*'(\w+)'", script(Kind.TIMESCALEDB), re.MULTILINE)
    added = [call[1:] for call in calls if call[0] == "add"]
    assert len(added) == 4
    assert calls == [(verb, *one) for one in added for verb in ("remove", "add")]


def test_timescaledb_adds_up_every_minute_that_is_loaded_and_keeps_it_until_then() -> None:
    days = re.findall(
        r"(start_offset|'pagamentos_por_minuto', drop_after) => INTERVAL '(\d+) days'", script(Kind.TIMESCALEDB)
    )
    # The oldest day that is loaded began up to a day before.
    assert [int(number) for _, number in days] == [minute_days(table(TABLE)) + 1] * 2


def test_timescaledb_packs_nothing_while_the_first_load_fills_old_days() -> None:
    (policy,) = re.findall(r"^SELECT add_compression_policy\(([^;]*)\);", script(Kind.TIMESCALEDB), re.MULTILINE)
    assert "initial_start => now() + INTERVAL '1 day'" in policy


def test_timescaledb_packs_minutes_in_the_order_of_their_key() -> None:
    text = script(Kind.TIMESCALEDB)
    assert "timescaledb.compress_segmentby = ''" in text
    assert f"timescaledb.compress_orderby = '{', '.join(table(TABLE).keys)}'" in text


def test_timescaledb_empties_an_hour_before_it_is_loaded() -> None:
    clear, load = (re.sub(r"^--.*\n", "", one, flags=re.MULTILINE) for one in load_statements(Kind.TIMESCALEDB))
    assert clear.startswith("DELETE FROM pagamentos_por_minuto")
    assert "NOT EXISTS" not in clear
    assert load.startswith("INSERT INTO pagamentos_por_minuto")
    assert "DELETE" not in load

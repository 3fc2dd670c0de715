"""How many payments are in memory while minutes are counted again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import table
from acude.lake.snapshot import Snapshot
from acude.risk_history import payment_minutes
from acude.risk_history.payment_minutes import MINUTE
from jobs.streaming import payments
from jobs.streaming.payments import DECISIONS, SOURCE, Lake, counted

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = [NOON + number * MINUTE for number in range(60)]


def written(folder: Path, name: str, rows: list[dict[str, object]]) -> Snapshot:
    filled = [{column: row.get(column) for column in table(name).column_names} for row in rows]
    kinds = pa.schema([field.with_nullable(nullable=True) for field in arrow_schema(table(name))])
    write_deltalake(str(folder / name), pa.Table.from_pylist(filled, kinds), partition_by=table(name).partition_by)
    return Snapshot(table(name), DeltaTable(str(folder / name)))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An hour with two payments a minute; one of them is refused, a minute later."""
    paid, decided = [], []
    for number, minute in enumerate(HOUR):
        for twin, at in enumerate((minute, minute + MINUTE - timedelta(microseconds=1))):
            one = {"id_transacao": f"{number}-{twin}", "data": at.date()}
            paid.append(one | {"timestamp": at, "valor": Decimal(number), "uf": "SP", "tipo_pagamento": "pix"})
        decided.append(one | {"transacao_em": at, "timestamp": at + MINUTE, "decisao": "negar"})
    return {SOURCE: written(tmp_path, SOURCE, paid), DECISIONS: written(tmp_path, DECISIONS, decided)}


def test_of_an_hour_no_more_than_five_minutes_are_joined_at_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[int] = []

    def noting(paid: pa.Table, decided: pa.Table) -> list[dict[str, object]]:
        joined.append(paid.num_rows)
        return payment_minutes.payments_per_minute(paid, decided)

    monkeypatch.setattr(payments, "payments_per_minute", noting)
    found = {(row["janela_inicio"], row["resultado"]): row for row in counted(lake, NOON, HOUR)}
    assert joined == [10] * 12
    assert sorted(found) == [(minute, result) for minute in HOUR for result in ("negar", "sem_decisao")]
    assert [row["transacoes"] for row in found.values()] == [1] * 120
    assert sum(row["valor"] for row in found.values()) == 2 * sum(range(60))
    assert {row["taxa_fraude"] for row in found.values()} == {Decimal(1)}


def test_minutes_apart_from_each_other_are_counted_and_those_between_are_not(lake: Lake) -> None:
    some = HOUR[::7]
    assert sorted({row["janela_inicio"] for row in counted(lake, NOON, some)}) == some

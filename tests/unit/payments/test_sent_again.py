"""A decision that was stored and not committed: sent again it is the same, and says where it is late by now."""

from datetime import timedelta
from typing import Any
from unittest import mock

import orjson
import pytest

from acude.kafka.records import Coordinate
from acude.payments.decision_engine import DecisionEngine
from acude.payments.decision_result import DecisionResult
from acude.payments.metrics import Metrics
from acude.payments.reservations import Held
from acude.payments.serde import Arrival
from acude.payments.velocity_store import EntityHistory, StoredDecision
from acude.payments.worker import Worker
from tests.unit.risk.pasts import NOON, payment

PLACE = Coordinate("transacoes", 3, 17)
TAKEN_MS = int(NOON.timestamp() * 1000)
DECIDED = {
    "id_transacao": "t-1",
    "decisao": "negar",
    "motivos": ["VALOR_ALTO"],
    "timestamp": "2026-11-30T12:00:00Z",
    "causas": ["listas"],
    "degradado": True,
    "latencia_ms": 50,
    "valor": 49.9,
}
ALERT = {"id_transacao": "t-1", "timestamp": "2026-11-30T12:00:00Z"}


def result_of(after_ms: int) -> DecisionResult:
    """What is sent so long after the broker took the payment."""
    made = payment()
    stored = StoredDecision(PLACE, orjson.dumps(DECIDED), orjson.dumps(ALERT))
    store = mock.Mock(**{"history_of.return_value": EntityHistory(decided={made.key: stored}, since_ms=0)})
    reservations = mock.Mock(**{"wait.return_value": [Held(b"", str(PLACE), new=False)]})
    engine = DecisionEngine(
        store, reservations, mock.Mock(), mock.Mock(), timedelta(seconds=2), now_ms=lambda: TAKEN_MS + after_ms
    )
    [result] = engine.decide([Arrival(made, PLACE, TAKEN_MS, "trace")])
    return result


def sent_again(after_ms: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Decision and alert as they are sent so long after the broker took the payment."""
    result = result_of(after_ms)
    return orjson.loads(result.record), orjson.loads(result.alert or b"")


def test_in_time_it_is_the_same() -> None:
    assert sent_again(1_750) == (DECIDED, ALERT)


@pytest.mark.parametrize("after_ms", [1_751, 34_000])
def test_behind_its_budget_it_is_flagged_and_has_the_time_of_now(after_ms: int) -> None:
    now = (NOON + timedelta(milliseconds=after_ms)).isoformat().replace("+00:00", "Z")
    record, alert = sent_again(after_ms)
    assert record == DECIDED | {"timestamp": now, "causas": ["listas", "prazo"], "latencia_ms": after_ms}
    assert alert == ALERT | {"timestamp": now}


@pytest.mark.parametrize(("after_ms", "late"), [(1_750, 0), (34_000, 1)])
def test_it_is_counted_where_it_is_sent_again(after_ms: int, late: int) -> None:
    worker = object.__new__(Worker)
    worker.metrics = Metrics()
    result = result_of(after_ms)
    worker._count([result], [result], 1)
    shown = worker.metrics.registry.get_sample_value
    assert shown("risco_degradadas_total", {"causa": "prazo"}) == (late or None)
    assert shown("risco_degradadas_total", {"causa": "listas"}) == 1
    assert shown("risco_decisoes_total", {"decisao": "negar", "tipo_pagamento": "credito"}) == 1
    assert shown("risco_motivos_total", {"motivo": "VALOR_ALTO"}) == 1
    assert shown("risco_latencia_segundos_count") == 1
    assert shown("risco_latencia_segundos_sum") == after_ms / 1000

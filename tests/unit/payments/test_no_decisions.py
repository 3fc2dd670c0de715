"""What lies among the decisions and is none, or fits no row, is a dead letter and stops nothing."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from confluent_kafka import Message
from psycopg import DataError, OperationalError

from acude.api.decisions import Decisions
from acude.kafka.consumer import per_record_fallback
from acude.kafka.health import Health
from acude.payments import deadletters, recorder
from acude.payments.recorder import Decided, Recorder
from acude.settings import Settings
from tests.unit.payments.letters import Letters

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
DECISION = {
    "id_transacao": "t-1",
    "timestamp": "2026-11-22T10:00:00Z",
    "transacao_em": "2026-11-22T09:59:59.5Z",
    "decisao": "revisar",
    "pontuacao": 640,
    "motivos": ["VALOR_ALTO"],
    "operacao": "pagamento",
    "tipo_pagamento": "pix",
    "valor": 10.5,
    "moeda": "BRL",
    "id_pagador": "u1",
    "versao_regras": "1",
    "versao_modelo": "nenhum",
    "degradado": False,
    "causas": [],
    "latencia_ms": 12,
    "id_rastro": "0" * 32,
}
HALF = {name: DECISION[name] for name in ("timestamp", "transacao_em", "valor")}
WRONG = [{"decisao": "talvez"}, {"transacao_em": "9999-12-31T23:59:00Z"}, {"transacao_em": "0005-01-01T00:00:00Z"}]
NONE = [b"", b"{", b"null", orjson.dumps(HALF), *(orjson.dumps(DECISION | one) for one in WRONG)]


def message(value: bytes, place: int = 0) -> Message:
    return Message("decisoes_risco", 0, place, None, value, timestamp=(2, time.time_ns() // 1_000_000))


@pytest.fixture
def letters() -> Letters:
    return Letters()


def of_recorder(letters: Letters) -> Any:  # noqa: ANN401 - either strategy
    return Recorder(Settings(), threading.Event(), letters)


def of_api(_: Letters) -> Any:  # noqa: ANN401 - either strategy
    return Decisions(Settings(), asyncio.new_event_loop(), Health())


@pytest.mark.parametrize("made", [of_recorder, of_api])
def test_a_record_that_is_no_decision_is_counted_and_left_out(
    made: Callable[[Letters], Any], letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "Store", lambda _: SimpleNamespace())
    strategy = made(letters)
    values = [*NONE[:3], orjson.dumps(DECISION), *NONE[3:]]
    (found,) = per_record_fallback(strategy, [message(value, place) for place, value in enumerate(values)])
    fields = found.row if isinstance(found, Decided) else found
    assert (fields["id_transacao"], fields["timestamp"], fields["valor"]) == ("t-1", AT, Decimal("10.5"))
    assert strategy.health.registry.get_sample_value("risco_registros_ilegiveis_total") == len(NONE)
    # Each process of the API follows the whole topic; the recorder keeps each record once.
    assert [value for _, _, value in letters.sent] == (NONE if made is of_recorder else [])
    assert {reason for reason, _, _ in letters.sent} <= {deadletters.UNREADABLE}


def test_a_row_says_when_the_payment_was_decided() -> None:
    row = recorder.row_of(orjson.dumps(DECISION), AT)
    assert (row["decidida_em"], row["transacao_em"]) == (AT, datetime(2026, 11, 22, 9, 59, 59, 500_000, UTC))


class Rows:
    """A store that holds ids without NUL, and is away at times."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.away = 0

    def add(self, rows: Sequence[dict[str, Any]]) -> int:
        if self.away:
            self.away -= 1
            raise OperationalError
        found = [row["id_transacao"] for row in rows]
        if any("\0" in one for one in found):
            raise DataError
        self.ids += found
        return len(found)


def decided(id_transacao: str) -> Decided:
    return Decided(message(id_transacao.encode()), {"id_transacao": id_transacao, "id_rastro": "r"})


def test_a_decision_that_the_database_cannot_hold_is_a_dead_letter_alone(
    monkeypatch: pytest.MonkeyPatch, letters: Letters
) -> None:
    store = Rows()
    monkeypatch.setattr(recorder, "Store", lambda _: store)
    strategy = of_recorder(letters)
    assert strategy.store([decided("a"), decided("\0"), decided("c")])
    assert store.ids == ["a", "c"]
    assert letters.sent == [(deadletters.UNFIT, "DataError", b"\0")]
    assert strategy.health.registry.get_sample_value("risco_registros_ilegiveis_total") == 1


@pytest.mark.parametrize("batch", [["a", "b"], ["a", "\0"]])
def test_no_decision_is_left_out_because_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, batch: list[str], letters: Letters
) -> None:
    store, stop = Rows(), threading.Event()
    monkeypatch.setattr(recorder, "Store", lambda _: store)
    strategy = Recorder(Settings(), stop, letters)
    store.away = 2
    assert strategy.store([decided(one) for one in batch])
    assert store.ids == [one for one in batch if one != "\0"]
    stop.set()
    store.away, store.ids = 1_000, []
    assert not strategy.store([decided(one) for one in batch])
    assert store.ids == []

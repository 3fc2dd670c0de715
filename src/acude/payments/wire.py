"""Payments as they come from their topic, and decisions and alerts as they go out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from confluent_kafka import Message

from acude.contracts.decoder import Decoder
from acude.contracts.fields import Refusal, Refused
from acude.contracts.model import Contract, table
from acude.payments import routes, traces
from acude.risk.decision import Decision, Verdict
from acude.risk.payment import Payment, of_fields

TOPIC: Final = routes.TOPIC
DECISIONS: Final = "decisoes_risco"
ALERTS: Final = "alertas"

TRACE_HEADER: Final = "id_rastro"
CLIENT_HEADER: Final = "id_cliente"
_ID: Final = re.compile(r"[A-Za-z0-9_.:@+-]{1,64}")


class Coordinate(NamedTuple):
    """Where a record lies on the broker."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def of(cls, record: Message) -> "Coordinate":
        """The record's own."""
        return cls(record.topic() or "", record.partition() or 0, record.offset() or 0)

    def __str__(self) -> str:
        """As it is stored: `transacoes/3/17`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True)
class Arrival:
    """A payment as the broker took it.

    Attributes:
        payment: what is asked.
        coordinate: where it lies.
        taken_ms: when the broker took it, milliseconds since 1970.
        trace: id that follows it everywhere.
        client: who asked at the door; None for payments that came by the topic.
    """

    payment: Payment
    coordinate: Coordinate
    taken_ms: int
    trace: str
    client: str | None = None


class Reader:
    """Reads payments as strictly as the lake does; documents stay as they are."""

    def __init__(self, contract: Contract | None = None) -> None:
        self._decoder = Decoder(contract or table(f"topics.{TOPIC}"))

    def read(self, records: Sequence[Message]) -> tuple[list[Arrival], list[tuple[Coordinate, Refusal]]]:
        """Records as payments; what is none is the lake's to quarantine, and comes back with its reason."""
        arrivals, refused = [], []
        for record in records:
            coordinate = Coordinate.of(record)
            _, taken_ms = record.timestamp()
            try:
                fields = self._decoder.one(record.value(), datetime.fromtimestamp(taken_ms / 1000, UTC))
            except Refused as problem:
                refused.append((coordinate, problem.refusal))
            else:
                arrivals.append(_arrival(record, coordinate, taken_ms, of_fields(fields)))
        return arrivals, refused


def _arrival(record: Message, coordinate: Coordinate, taken_ms: int, payment: Payment) -> Arrival:
    headers = dict(headers_of(record))
    trace = (
        _named(headers.get(TRACE_HEADER))
        or traces.of_traceparent(_text(headers.get(traces.TRACEPARENT)))
        or traces.of_place(str(coordinate), taken_ms)
    )
    return Arrival(payment, coordinate, taken_ms, trace, _named(headers.get(CLIENT_HEADER)))


def headers_of(record: Message) -> list[tuple[str, bytes]]:
    """A record's headers as they came."""
    found = record.headers() or []
    pairs = found.items() if isinstance(found, dict) else found
    return [(name, value.encode() if isinstance(value, str) else value or b"") for name, value in pairs]


def _named(header: bytes | None) -> str | None:
    """A header that is an id as the contracts have them; others are nobody's."""
    text = _text(header)
    return text if text and _ID.fullmatch(text) else None


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("ascii", "replace")


def decision_payload(arrival: Arrival, decision: Decision, decided_ms: int) -> bytes:
    """The record of `decisoes_risco`."""
    payment = arrival.payment
    fields = _common(arrival, decision, decided_ms) | {
        "operacao": payment.operacao,
        "uf": payment.uf,
        "id_cliente": arrival.client,
        "versao_regras": decision.rules_version,
        "versao_modelo": decision.model_version,
        "degradado": bool(decision.degraded),
        "causas": list(decision.degraded),
        "latencia_ms": max(0, decided_ms - arrival.taken_ms),
    }
    return _encoded(fields)


def alert_payload(arrival: Arrival, decision: Decision, decided_ms: int) -> bytes | None:
    """The record of `alertas`; None where the payment was approved."""
    return None if decision.verdict is Verdict.APPROVE else _encoded(_common(arrival, decision, decided_ms))


def _common(arrival: Arrival, decision: Decision, decided_ms: int) -> dict[str, Any]:
    payment = arrival.payment
    return {
        "id_transacao": payment.id_transacao,
        "decisao": str(decision.verdict),
        "pontuacao": round(decision.score * 1000),
        "motivos": [reason.code for reason in decision.reasons],
        "timestamp": datetime.fromtimestamp(decided_ms / 1000, UTC),
        "transacao_em": payment.timestamp,
        "tipo_pagamento": payment.tipo_pagamento,
        # Two decimals of at most eleven digits before them: a float's repr gives the same digits back.
        "valor": float(payment.valor),
        "moeda": payment.moeda,
        "id_pagador": payment.id_pagador,
        "id_rastro": arrival.trace,
    }


def _encoded(fields: dict[str, Any]) -> bytes:
    present = {name: value for name, value in fields.items() if value is not None}
    return orjson.dumps(present, option=orjson.OPT_UTC_Z)

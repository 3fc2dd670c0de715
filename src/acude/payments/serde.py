"""Payments as they come from their topic, and decisions and alerts as they are sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

import orjson
from confluent_kafka import Message

from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.contracts.fields import Refusal, Refused
from acude.contracts.model import Contract, table
from acude.contracts.personal import has_number
from acude.kafka.records import Coordinate, encoded, headers_of
from acude.payments import routes, trace_ids
from acude.risk.decision import Decision, Verdict
from acude.risk.first_decision import CLIENT
from acude.risk.payment import Payment, of_fields

TOPIC: Final = routes.TOPIC
DECISIONS: Final = "decisoes_risco"
ALERTS: Final = "alertas"

TRACE_HEADER: Final = "id_rastro"
CLIENT_HEADER: Final = CLIENT


@dataclass(frozen=True)
class Arrival:
    """A payment as the broker took it.

    Attributes:
        payment: what is asked.
        coordinate: where it lies.
        taken_ms: the broker's timestamp, milliseconds since 1970.
        trace: id that follows it everywhere.
        content: a digest of what it says (`acude.payments.reservations.Contents`).
    """

    payment: Payment
    coordinate: Coordinate
    taken_ms: int
    trace: str
    content: bytes = b""

    @property
    def place(self) -> tuple[int, Coordinate]:
        """Its place in the order of arrival (`acude.kafka.records.ARRIVAL`)."""
        return self.taken_ms, self.coordinate


class NotAPayment(NamedTuple):
    """A record that is no payment. The lake keeps its bytes in quarantine."""

    coordinate: Coordinate
    refusal: Refusal


class PaymentReader:
    """Reads payments as strictly as the lake does; documents stay in clear.

    Args:
        contract: the topic's, unless given.
        tokens: makes what stands in the place of an id with a document in it, as in the lake.
        content_of: the digest of a payment's fields.
    """

    def __init__(
        self,
        contract: Contract | None = None,
        tokens: Tokens | None = None,
        *,
        content_of: Callable[[Mapping[str, Any]], bytes] = lambda _: b"",
    ) -> None:
        self._decoder = Decoder(contract or table(f"topics.{TOPIC}"), tokens)
        self._content_of = content_of

    def read(self, records: Sequence[Message]) -> tuple[list[Arrival], list[NotAPayment]]:
        """The payments among the records, and the records that are none."""
        arrivals, refused = [], []
        for record in records:
            coordinate = Coordinate.of(record)
            _, taken_ms = record.timestamp()
            taken_at = datetime.fromtimestamp(taken_ms / 1000, UTC)
            try:
                fields = self._decoder.one(record.value(), taken_at)
            except Refused as problem:
                refused.append(NotAPayment(coordinate, problem.refusal))
                continue
            headers = dict(headers_of(record))
            trace = _trace(headers, coordinate, taken_ms)
            payment = of_fields(fields | {CLIENT: _id(headers.get(CLIENT_HEADER)), "carimbo_kafka": taken_at})
            arrivals.append(Arrival(payment, coordinate, taken_ms, trace, self._content_of(fields)))
        return arrivals, refused


def trace_of(record: Message) -> str:
    """The trace id of a payment's record: its header's, or the digest of its place."""
    return _trace(dict(headers_of(record)), Coordinate.of(record), record.timestamp()[1])


def _trace(headers: dict[str, bytes], coordinate: Coordinate, taken_ms: int) -> str:
    parent = headers.get(trace_ids.TRACEPARENT)
    return (
        _id(headers.get(TRACE_HEADER))
        or trace_ids.of_traceparent(parent.decode("ascii", "replace") if parent else None)
        or trace_ids.of_place(str(coordinate), taken_ms)
    )


def _id(header: bytes | None) -> str | None:
    """A header that is an id as the contracts define them, without anybody's number; any other header is ignored."""
    text = (header or b"").decode("ascii", "replace")
    return text if trace_ids.ID.fullmatch(text) and not has_number(text) else None


def payloads(arrival: Arrival, decision: Decision, decided_ms: int) -> tuple[bytes, bytes | None]:
    """The record of `decisoes_risco`, and that of `alertas`; no alert for an approved payment."""
    payment = arrival.payment
    alert: dict[str, Any] = {
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
        "id_cliente": payment.id_cliente,
    }
    record = alert | {
        "operacao": payment.operacao,
        "uf": payment.uf,
        "versao_regras": decision.rules_version,
        "versao_modelo": decision.model_version,
        **_service(decision.degraded, arrival.taken_ms, decided_ms),
    }
    return _encoded(record), None if decision.verdict is Verdict.APPROVE else _encoded(alert)


def late_payloads(
    record: bytes, alert: bytes | None, cause: str, taken_ms: int, now_ms: int
) -> tuple[bytes, bytes | None]:
    """A decision's records that were made in time and are sent only now: they say so, and have the time of now."""
    moment = {"timestamp": datetime.fromtimestamp(now_ms / 1000, UTC)}
    fields = orjson.loads(record)
    late = moment | _service(dict.fromkeys([*fields["causas"], cause]), taken_ms, now_ms)
    return _encoded(fields | late), _encoded(orjson.loads(alert) | moment) if alert else None


def _service(causes: Iterable[str], taken_ms: int, answered_ms: int) -> dict[str, Any]:
    """The fields that say how well a payment was served."""
    found = list(causes)
    return {"degradado": bool(found), "causas": found, "latencia_ms": max(0, answered_ms - taken_ms)}


def decision_of(payload: bytes | None, taken_at: datetime) -> dict[str, Any]:
    """A record of `decisoes_risco` by field, read as strictly as the lake does.

    Args:
        payload: the record's value.
        taken_at: the broker's timestamp, UTC.

    Raises:
        Refused: it is no decision; says why.
    """
    return _decision_decoder().one(payload, taken_at)


def decision_in(record: Message) -> dict[str, Any]:
    """A record of `decisoes_risco` by field.

    Raises:
        Refused: it is no decision; says why.
    """
    return decision_of(encoded(record.value()), datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC))


@cache
def _decision_decoder() -> Decoder:
    return Decoder(table(f"topics.{DECISIONS}"))


def _encoded(fields: dict[str, Any]) -> bytes:
    present = {name: value for name, value in fields.items() if value is not None}
    return orjson.dumps(present, option=orjson.OPT_UTC_Z)

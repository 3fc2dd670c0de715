"""Gathers the trace of one payment: each store is asked with what the others have answered."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from acude.contracts.decoder import Decoder
from acude.contracts.documents import as_stored
from acude.contracts.fields import Refused
from acude.contracts.model import table
from acude.contracts.personal import TOKEN
from acude.errors import AcudeError
from acude.kafka.reader import Found, TopicReader
from acude.kafka.records import Coordinate
from acude.payments import deadletters
from acude.payments.recorder import row_of
from acude.payments.routes import payment_topics
from acude.payments.serde import ALERTS, CLIENT_HEADER, DECISIONS, TOPIC, TRACE_HEADER
from acude.payments.store import Row, Store
from acude.payments.trace import lake, logfiles
from acude.payments.trace.event import TraceEvent, in_order, of_ms, utc, without_personal
from acude.payments.velocity_store import VelocityStoreError, connect_velocity_store
from acude.settings import Settings

_HOUR_MS: Final = 3_600_000
_SLACK_MS: Final = 30_000
"""A record is written at most this long after what it describes."""

_FAILURES: Final = (
    *(DatabaseError, PoolTimeout),
    *(BotoCoreError, ClientError, AcudeError),
    *(KafkaException, VelocityStoreError, OSError),
)


@dataclass
class Trace:
    """What is known of one payment.

    Attributes:
        id_transacao, id_rastro: the payment's id and trace id, None until a store knows them.
        id_cliente: the client that asked; None where the payment came by the topic, and until a store knows it.
        events: what happened, in the order of time.
        silent: stores that did not answer, with the error of their client.
    """

    id_transacao: str | None = None
    id_rastro: str | None = None
    id_cliente: str | None = None
    events: list[TraceEvent] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)
    taken_ms: int | None = None
    decided_ms: int | None = None
    places: dict[str, Coordinate] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "id_transacao": self.id_transacao,
            "id_rastro": self.id_rastro,
            "eventos": [event.plain() for event in self.events],
            "sem_resposta": self.silent,
        }

    @contextmanager
    def asking(self, store: str) -> Iterator[None]:
        """Names a store that fails, and goes on."""
        try:
            yield
        except _FAILURES as problem:
            self.silent[store] = type(problem).__name__

    def learn(self, row: Row) -> None:
        """Takes ids and times from a decision."""
        self.id_transacao, self.id_rastro, self.id_cliente = (
            row["id_transacao"],
            row["id_rastro"],
            row.get("id_cliente"),
        )
        self.decided_ms = int(utc(row["decidida_em"]).timestamp() * 1000)
        self.taken_ms = self.decided_ms - row["latencia_ms"]


def gather(config: Settings, wanted: str) -> Trace:
    """The trace of a payment; without events where no store knows it.

    Args:
        config: where the stores are.
        wanted: the payment's id as the stores have it, or its trace id: letters, digits and `_.:@+-`.
    """
    trace = Trace()
    with trace.asking("postgres"):
        _ask_database(config, trace, wanted)
    with trace.asking("athena"):
        _ask_lake(config, trace, wanted)
    with trace.asking("valkey"):
        _ask_velocity_store(config, trace, wanted)
    with trace.asking("kafka"):
        _ask_topics(config, trace, wanted)
    with trace.asking("log"):
        trace.events += logfiles.events(config, trace.id_rastro or wanted)
    with trace.asking("kafka"):
        trace.events += _dead_letters(config, trace.id_rastro or wanted)
    trace.events = in_order(trace.events)
    return trace


def _ask_database(config: Settings, trace: Trace, wanted: str) -> None:
    store = Store(config)
    try:
        row = store.decision(wanted) or store.traced(wanted)
    finally:
        store.close()
    if row:
        trace.learn(row)
        trace.events.append(TraceEvent(utc(row["decidida_em"]), "postgres", "row of decisoes", without_personal(row)))


def _ask_lake(config: Settings, trace: Trace, wanted: str) -> None:
    lake.require_answer(config)
    if not trace.id_transacao and (ids := lake.ids_of(config, wanted)):
        trace.id_transacao, trace.id_rastro = ids
    for event, place in lake.events(config, trace.id_transacao or wanted, trace.id_rastro or wanted):
        trace.events.append(event)
        trace.places.setdefault(TOPIC if place.topic in payment_topics() else place.topic, place)


def _ask_velocity_store(config: Settings, trace: Trace, wanted: str) -> None:
    stored = connect_velocity_store(config).decision_on((trace.id_cliente or "", trace.id_transacao or wanted))
    if not stored:
        return
    trace.places[TOPIC] = stored.at
    row = row_of(stored.record, datetime.now(UTC))
    trace.learn(row)
    about = {"registro": str(stored.at)}
    trace.events.append(TraceEvent(row["decidida_em"], "valkey", "kept for an hour", about))


def _ask_topics(config: Settings, trace: Trace, wanted: str) -> None:
    reader = TopicReader(config)
    now = time.time_ns() // 1_000_000
    if trace.decided_ms is None:
        # Neither the database nor the velocity store knows it: look at the decisions of the last hour.
        for found in reader.between(DECISIONS, now - _HOUR_MS, now, holding=wanted.encode()):
            with suppress(Refused):
                row = row_of(found.value, of_ms(found.taken_ms))
                if wanted in {row["id_transacao"], row["id_rastro"]}:
                    trace.learn(row)
                    break
    text = trace.id_transacao or wanted
    for found in _payments(config, reader, trace, text, now):
        trace.id_rastro = trace.id_rastro or found.header(TRACE_HEADER)
        client = found.header(CLIENT_HEADER)
        entered = {"entrada": "porta", "id_cliente": client} if client else {"entrada": "topico"}
        about = {"registro": str(found.at), "bytes": len(found.value)} | entered
        trace.events.append(TraceEvent(of_ms(found.taken_ms), "kafka", "payment taken", about))
    if trace.decided_ms is None:
        return
    for topic, what in ((DECISIONS, "decision"), (ALERTS, "alert")):
        until = trace.decided_ms + _SLACK_MS
        decoder = Decoder(table(f"topics.{topic}"))
        for found in reader.between(topic, trace.decided_ms, until, holding=text.encode()):
            fields: dict[str, Any] = {}
            with suppress(Refused):
                decoder.one(found.value, of_ms(found.taken_ms))
                fields = orjson.loads(found.value)
            if fields.get("id_transacao") == text:
                about = {"registro": str(found.at)} | without_personal(fields)
                trace.events.append(TraceEvent(of_ms(found.taken_ms), "kafka", f"{what} written", about))


def _payments(config: Settings, reader: TopicReader, trace: Trace, text: str, now_ms: int) -> list[Found]:
    """The payment's records: at its known place, at its known time, or of the last hour."""
    if place := trace.places.get(TOPIC):
        there = reader.at(place)
        return [there] if there else []
    since, until = (now_ms - _HOUR_MS, now_ms)
    if trace.taken_ms is not None:
        since, until = trace.taken_ms, trace.taken_ms + _SLACK_MS
    # The topic alone has documents in clear: no record there holds the token of one.
    holding = b"" if TOKEN.fullmatch(text) else text.encode()
    topics = reader.existing(payment_topics())
    found = [one for name in topics for one in reader.between(name, since, until, holding=holding)]
    return [one for one in found if trace.taken_ms in {None, one.taken_ms} and (holding or _is_of(config, one, text))]


def _is_of(config: Settings, found: Found, id_transacao: str) -> bool:
    """Whether a record is the payment of which the stores have this token for an id."""
    with suppress(orjson.JSONDecodeError, KeyError, TypeError):
        return as_stored(config, str(orjson.loads(found.value)["id_transacao"])) == id_transacao
    return False


def _dead_letters(config: Settings, trace_id: str) -> Iterator[TraceEvent]:
    for letter in deadletters.letters(config):
        if letter.trace == trace_id:
            about = {"registro": str(letter.at), "motivo": letter.reason, "detalhe": letter.detail}
            yield TraceEvent(letter.given_up, "kafka", "dead letter", about | {"tentativas": letter.attempts})

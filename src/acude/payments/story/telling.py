"""Gathers the story: each store is asked for its part with what the others have told, and one that is down is named."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from kafka.errors import KafkaError
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from acude.athena.client import QueryFailed
from acude.payments import deadletters
from acude.payments.memory import MemoryLostError, connect_memory
from acude.payments.recorder import row_of
from acude.payments.routes import payment_topics
from acude.payments.store import Row, Store
from acude.payments.story import lake, logfiles
from acude.payments.story.event import Event, in_order, of_ms, utc, without_personal
from acude.payments.story.topics import Found, Topics
from acude.payments.wire import ALERTS, CLIENT_HEADER, DECISIONS, TOPIC, Coordinate
from acude.settings import Settings

_HOUR_MS: Final = 3_600_000
_SLACK_MS: Final = 30_000
"""A record is written after what it tells of, at most so long."""

_FAILURES: Final = (
    *(DatabaseError, PoolTimeout),
    *(BotoCoreError, ClientError, QueryFailed),
    *(KafkaException, KafkaError),
    *(MemoryLostError, OSError),
)


@dataclass
class Story:
    """What is known of one payment.

    Attributes:
        id_transacao, id_rastro: the payment's id and trace, None as long as nobody has told.
        events: what happened, in the order of time.
        silent: stores that did not answer, with what their clients said.
    """

    id_transacao: str | None = None
    id_rastro: str | None = None
    events: list[Event] = field(default_factory=list)
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
        """A store that fails is named; the story goes on."""
        try:
            yield
        except _FAILURES as problem:
            self.silent[store] = type(problem).__name__

    def learn(self, row: Row) -> None:
        """Takes over what a decision says of ids and times."""
        self.id_transacao, self.id_rastro = row["id_transacao"], row["id_rastro"]
        self.decided_ms = int(utc(row["decidida_em"]).timestamp() * 1000)
        self.taken_ms = self.decided_ms - row["latencia_ms"]


def tell(config: Settings, wanted: str) -> Story:
    """The story of a payment; without events where no store knows it.

    Args:
        config: where the stores are.
        wanted: the payment's id or its trace id: letters, digits and `_.:@+-`.
    """
    story = Story()
    with story.asking("postgres"):
        _ask_database(config, story, wanted)
    with story.asking("athena"):
        _ask_lake(config, story, wanted)
    with story.asking("valkey"):
        _ask_memory(config, story, wanted)
    with story.asking("kafka"):
        _ask_topics(Topics(config), story, wanted)
    with story.asking("log"):
        story.events += logfiles.events(config, story.id_rastro or wanted)
    with story.asking("kafka"):
        story.events += _dead(config, story.id_rastro or wanted)
    story.events = in_order(story.events)
    return story


def _ask_database(config: Settings, story: Story, wanted: str) -> None:
    store = Store(config)
    try:
        row = store.decision(wanted) or store.traced(wanted)
    finally:
        store.close()
    if row:
        story.learn(row)
        story.events.append(Event(utc(row["decidida_em"]), "postgres", "row of decisoes", without_personal(row)))


def _ask_lake(config: Settings, story: Story, wanted: str) -> None:
    lake.require_answer(config)
    if not story.id_transacao and (ids := lake.ids_of(config, wanted)):
        story.id_transacao, story.id_rastro = ids
    for event, place in lake.events(config, story.id_transacao or wanted, story.id_rastro or wanted):
        story.events.append(event)
        story.places.setdefault(TOPIC if place.topic in payment_topics() else place.topic, place)


def _ask_memory(config: Settings, story: Story, wanted: str) -> None:
    kept = connect_memory(config).stored(story.id_transacao or wanted)
    if not kept:
        return
    coordinate, decision, _ = kept.split(b"\n")
    topic, partition, offset = coordinate.decode().split("/")
    story.places[TOPIC] = Coordinate(topic, int(partition), int(offset))
    row = row_of(decision)
    story.learn(row)
    story.events.append(Event(row["decidida_em"], "valkey", "kept for an hour", {"registro": coordinate.decode()}))


def _ask_topics(topics: Topics, story: Story, wanted: str) -> None:
    now = time.time_ns() // 1_000_000
    if story.decided_ms is None:
        _learn_from_topic(topics, story, wanted, now)
    text = story.id_transacao or wanted
    for found in _payments(topics, story, text, now):
        story.id_rastro = story.id_rastro or found.headers.get("id_rastro")
        about = {"registro": str(found.at), "bytes": len(found.value)} | _door(found)
        story.events.append(Event(of_ms(found.taken_ms), "kafka", "payment taken", about))
    if story.decided_ms is None:
        return
    for topic, what in ((DECISIONS, "decision"), (ALERTS, "alert")):
        for found in topics.between(topic, text, story.decided_ms, story.decided_ms + _SLACK_MS):
            fields = orjson.loads(found.value)
            if fields.get("id_transacao") == text:
                about = {"registro": str(found.at)} | without_personal(fields)
                story.events.append(Event(of_ms(found.taken_ms), "kafka", f"{what} written", about))


def _learn_from_topic(topics: Topics, story: Story, wanted: str, now_ms: int) -> None:
    """Where neither database nor memory knows it: the last hour's decisions."""
    for found in topics.between(DECISIONS, wanted, now_ms - _HOUR_MS, now_ms):
        row = row_of(found.value)
        if wanted in {row["id_transacao"], row["id_rastro"]}:
            story.learn(row)
            return


def _payments(topics: Topics, story: Story, text: str, now_ms: int) -> list[Found]:
    """The payment's records: at its known place, at its known time, or of the last hour."""
    if place := story.places.get(TOPIC):
        there = topics.at(place)
        return [there] if there else []
    since, until = (now_ms - _HOUR_MS, now_ms)
    if story.taken_ms is not None:
        since, until = story.taken_ms, story.taken_ms + _SLACK_MS
    found = [one for name in topics.existing(payment_topics()) for one in topics.between(name, text, since, until)]
    return [one for one in found if story.taken_ms in {None, one.taken_ms}]


def _door(found: Found) -> dict[str, str]:
    """Who brought it; nobody is known of who wrote to the topic."""
    client = found.headers.get(CLIENT_HEADER)
    return {"entrada": "porta", "id_cliente": client} if client else {"entrada": "topico"}


def _dead(config: Settings, trace: str) -> Iterator[Event]:
    for letter in deadletters.letters(config):
        if letter.trace == trace:
            about = {"registro": str(letter.at), "motivo": letter.reason, "detalhe": letter.detail}
            yield Event(letter.given_up, "kafka", "dead letter", about | {"tentativas": letter.attempts})

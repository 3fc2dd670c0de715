"""Dead letters: records that could not be dealt with, kept with their bytes until somebody sends them again."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from kafka import KafkaConsumer, TopicPartition

from acude.kafka import brokers
from acude.payments.wire import Coordinate
from acude.settings import Settings

TOPIC: Final = "cartas_mortas"
ORIGINAL: Final = "acude-original"
"""Header with the record's bytes. In a header they reach bronze, where everything lies as it came, and not silver."""

REFUSED: Final = "webhook_recusou"
SILENT: Final = "webhook_sem_resposta"
UNDECIDED: Final = "sem_decisao"

_PATIENCE_MS: Final = 5_000

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Letter:
    """A record that was given up.

    Attributes:
        at: where the record lies.
        reason: REFUSED, SILENT or UNDECIDED.
        detail: what was answered at last; nothing of the record itself.
        attempts: how often it was tried.
        trace: the payment's trace id.
        given_up: when, UTC.
        key, value, headers: the record as it came.
    """

    at: Coordinate
    reason: str
    detail: str
    attempts: int
    trace: str
    given_up: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def id(self) -> str:
        """The letter's id, the same however often the record is given up at this place."""
        return str(self.at).replace("/", ":")

    def payload(self) -> bytes:
        """The record of `cartas_mortas`."""
        fields = {
            "id_carta": self.id,
            "topico_origem": self.at.topic,
            "particao_origem": self.at.partition,
            "deslocamento_origem": self.at.offset,
            "motivo": self.reason,
            "detalhe": self.detail,
            "tentativas": self.attempts,
            "timestamp": self.given_up,
            "id_rastro": self.trace,
        }
        return orjson.dumps(fields, option=orjson.OPT_UTC_Z)

    def with_original(self) -> list[tuple[str, str | bytes | None]]:
        """The headers of that record: the original's, and its bytes."""
        return [*self.headers, (ORIGINAL, self.value or b"")]


def letters(config: Settings) -> list[Letter]:
    """All letters that the topic still holds, each once, the newest first.

    Raises:
        KafkaError: the broker does not answer.
    """
    found: dict[Coordinate, Letter] = {}
    consumer = KafkaConsumer(
        **brokers.kafka_python(config),
        isolation_level="read_committed",
        enable_auto_commit=False,
        bootstrap_timeout_ms=_PATIENCE_MS,
        request_timeout_ms=_PATIENCE_MS,
    )
    with closing(consumer):
        places = [TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found |= {letter.at: letter for letter in map(_read, records)}
    return sorted(found.values(), key=lambda letter: letter.given_up, reverse=True)


def _read(record: Any) -> Letter:  # noqa: ANN401 - kafka-python has no types
    fields = orjson.loads(record.value)
    original = [value for name, value in record.headers if name == ORIGINAL]
    return Letter(
        at=Coordinate(fields["topico_origem"], fields["particao_origem"], fields["deslocamento_origem"]),
        reason=fields["motivo"],
        detail=fields["detalhe"],
        attempts=fields["tentativas"],
        trace=fields["id_rastro"],
        given_up=datetime.fromisoformat(fields["timestamp"]).astimezone(UTC),
        key=record.key,
        value=original[-1] if original else None,
        headers=tuple((name, value) for name, value in record.headers if name != ORIGINAL),
    )

"""Dead letters: records that could not be processed, kept with their bytes until somebody sends them again."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from confluent_kafka import Message
from kafka.errors import MessageSizeTooLargeError

from acude.contracts.decoder import Decoder
from acude.contracts.fields import Refused
from acude.contracts.model import table
from acude.kafka.producer import close, connect
from acude.kafka.reader import Found, TopicReader
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate, encoded, headers_of
from acude.payments.serde import trace_of
from acude.settings import Settings

log = logging.getLogger(__name__)

TOPIC: Final = "cartas_mortas"
ORIGINAL: Final = "acude-original"
"""Header with the record's bytes. From a header they reach bronze, which keeps everything, but not silver."""

REFUSED: Final = "webhook_recusou"
SILENT: Final = "webhook_sem_resposta"
UNDECIDED: Final = "sem_decisao"
UNREADABLE: Final = "ilegivel"
UNFIT: Final = "nao_gravado"

_ANSWER_WITHIN_S: Final = 30

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Letter:
    """A record that was given up.

    Attributes:
        at: where the record lies.
        reason: REFUSED, SILENT, UNDECIDED, UNREADABLE or UNFIT.
        detail: the last answer; nothing of the record itself.
        attempts: how often it was tried.
        trace: the payment's trace id.
        given_up: when, UTC.
        key, value, headers: the record as it came; nothing of it where it was too large for a letter.
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
        """The letter's id: the same each time the record at this place is given up."""
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
        """The headers of that record: the original's, and the original's bytes."""
        return [*self.headers, (ORIGINAL, self.value or b"")]

    def without_original(self) -> "Letter":
        """The same letter of a record that is too large to be kept twice; bronze has its bytes."""
        return replace(self, detail=f"{self.detail}, too large to be kept here", key=None, value=None, headers=())


def takes(which: RecordFilter, letter: Letter) -> bool:
    """Whether this letter is meant; the filter's days are those on which letters were given up."""
    day = letter.given_up.astimezone(UTC).date()
    return (
        which.reason in {None, letter.reason}
        and which.topic in {None, letter.at.topic}
        and which.at in {None, letter.at}
        and (which.first is None or which.first <= day)
        and (which.last is None or day <= which.last)
    )


class KafkaLetterBox:
    """Sends dead letters to their topic (`acude.kafka.consumer.LetterBox`). Any thread may use it.

    Args:
        config: where the broker is.
        client_id: how the broker's logs name this producer.

    Raises:
        BrokerError: no broker answers.
    """

    def __init__(self, config: Settings, client_id: str) -> None:
        self._producer = connect(config, client_id, linger_ms=0)
        self._under_way: list[Any] = []

    def keep(self, record: Message, problem: Exception) -> None:
        """Takes a record that a consumer can't read."""
        # Of an exception the reason or the kind alone: its message may quote the record.
        detail = problem.refusal.reason if isinstance(problem, Refused) else type(problem).__name__
        log.warning("a dead letter", extra={"record": str(Coordinate.of(record)), "reason": detail})
        self.put(record, UNREADABLE, detail)

    def put(self, record: Message, reason: str, detail: str, attempts: int = 1, trace: str = "") -> None:
        """Takes a record with the reason why it is given up."""
        letter = Letter(
            at=Coordinate.of(record),
            reason=reason,
            detail=detail,
            attempts=attempts,
            trace=trace or trace_of(record),
            given_up=datetime.now(UTC),
            key=encoded(record.key()),
            value=encoded(record.value()),
            headers=headers_of(record),
        )
        try:
            self._send(letter, letter.with_original())
        except MessageSizeTooLargeError:
            self._send(letter.without_original(), [])

    def _send(self, letter: Letter, headers: Sequence[tuple[str, str | bytes | None]]) -> None:
        self._under_way.append(self._producer.send(TOPIC, letter.payload(), letter.key, headers=list(headers)))

    def flush(self) -> None:
        """Returns when the broker has acknowledged everything taken.

        Raises:
            KafkaError: it has not. The process ends, and the next one reads the records again.
        """
        while self._under_way:
            self._under_way.pop().get(_ANSWER_WITHIN_S)

    def close(self) -> None:
        """Closes the connections."""
        close(self._producer, _ANSWER_WITHIN_S)


def letters(config: Settings) -> list[Letter]:
    """All letters that the topic still holds, each once, the newest first.

    Raises:
        KafkaException: the broker does not answer.
    """
    reader = TopicReader(config)
    return letters_among(one for topic in reader.existing([TOPIC]) for one in reader.between(topic))


def letters_among(records: Iterable[Found]) -> list[Letter]:
    """The letters among records of `cartas_mortas`. The lake keeps the bytes of the others in quarantine."""
    decoder, found = Decoder(table(f"topics.{TOPIC}")), {}
    for record in records:
        try:
            fields = decoder.one(record.value, datetime.fromtimestamp(record.taken_ms / 1000, UTC))
        except Refused as problem:
            log.warning("no dead letter", extra={"record": str(record.at), "reason": problem.refusal.reason})
            continue
        letter = _letter(record, fields)
        # A record that is given up twice is one letter.
        found[letter.at] = letter
    return sorted(found.values(), key=lambda letter: letter.given_up, reverse=True)


def _letter(record: Found, fields: dict[str, Any]) -> Letter:
    original = [value for name, value in record.headers if name == ORIGINAL]
    return Letter(
        at=Coordinate(fields["topico_origem"], fields["particao_origem"], fields["deslocamento_origem"]),
        reason=fields["motivo"],
        detail=fields["detalhe"],
        attempts=fields["tentativas"],
        trace=fields["id_rastro"],
        given_up=fields["timestamp"],
        key=record.key,
        value=original[-1] if original else None,
        headers=tuple((name, value) for name, value in record.headers if name != ORIGINAL),
    )

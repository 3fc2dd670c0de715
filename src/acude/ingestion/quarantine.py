"""Refused records: found through Athena, sent round again through Kafka.

One small object per record remembers that it was sent again; it is written once the broker has acknowledged the
record. Bronze has the same knowledge in a header, but only after the record has landed, and in a scan of all of bronze.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from acude.athena.client import run_query
from acude.aws import keys, s3
from acude.contracts.model import table, topics
from acude.ingestion.replays import HEADER, origin
from acude.kafka import producer as kafka
from acude.kafka.reader import TopicReader
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import TOPIC_NAME, Coordinate
from acude.settings import settings

TABLE = "silver.quarentena"
SENT = "_controle/reenvios/"

_BYTES = (
    "JOIN bronze.eventos b ON b.data = q.data AND b.topico = q.topico AND b.particao = q.particao "
    "AND b.deslocamento = q.deslocamento"
)
"""Quarantine's own are cut where a number may be somebody's."""

_HEADERS = "json_format(CAST(transform(b.cabecalhos, h -> ARRAY[h.chave, to_base64(h.valor)]) AS JSON))"
"""One text per record: of an array of bytes Athena's answer can't be read back."""

_ANSWER_WITHIN_S = 60
_CLOSED_WITHIN_S = 5
_AT_ONCE = 500


@dataclass(frozen=True)
class Refused:
    """A record of quarantine; `valor` are its original bytes, None for an empty record."""

    at: Coordinate
    carimbo_kafka: datetime
    motivo: str
    detalhe: str
    chave: bytes | None = None
    valor: bytes | None = None
    cabecalhos: tuple[tuple[str, bytes], ...] = ()


class Answer(NamedTuple):
    """What became of a record that was to be sent again; `stayed` says why it was not, and is empty where it was."""

    record: Refused
    stayed: str = ""


def topic_names() -> list[str]:
    """The topics of the contracts: records come from them, and are sent to no other."""
    return sorted(name for topic in topics() for name in topic.kafka_topics)


def condition(which: RecordFilter) -> str:
    """The condition over `silver.quarentena q`; days are those on which the broker took the record.

    Raises:
        ValueError: a reason or topic that can't exist.
    """
    wanted = ["true"]
    which.require_reason(table(TABLE).column("motivo").values)
    if which.reason is not None:
        wanted.append(f"q.motivo = '{which.reason}'")
    if which.topic is not None:
        if not TOPIC_NAME.fullmatch(which.topic):
            raise ValueError(f"{which.topic!r} can't be a topic's name")
        wanted.append(f"q.topico = '{which.topic}'")
    if which.first:
        wanted.append(f"q.data >= DATE '{which.first}'")
    if which.last:
        wanted.append(f"q.data <= DATE '{which.last}'")
    if which.at:
        wanted.append(f"q.topico = '{which.at.topic}' AND q.particao = {which.at.partition}")
        wanted.append(f"q.deslocamento = {which.at.offset}")
    return " AND ".join(wanted)


def found(which: RecordFilter, limit: int, *, content: bool = False) -> list[Refused]:
    """The refused records that are meant, newest first.

    Args:
        which: the filter.
        limit: the most records to return.
        content: with key, payload and headers, as bronze has them; without them no personal data is read.
    """
    columns = ["topico", "particao", "deslocamento", "carimbo_kafka", "motivo", "detalhe"]
    newest = f"ORDER BY q.carimbo_kafka DESC, q.topico, q.particao, q.deslocamento DESC LIMIT {int(limit)}"
    wanted, source = [f"q.{name}" for name in columns], f"{TABLE} q"
    if content:
        columns, source = [*columns, "chave", "valor", "cabecalhos"], f"{source} {_BYTES}"
        wanted += ["b.chave", "b.valor", _HEADERS]
    selected = f"SELECT {', '.join(wanted)} FROM {source} WHERE {condition(which)} {newest}"  # noqa: S608 - values are checked
    return [_refused(dict(zip(columns, row, strict=True))) for row in run_query(selected).rows]


def _refused(row: dict[str, Any]) -> Refused:
    at = Coordinate(row.pop("topico"), row.pop("particao"), row.pop("deslocamento"))
    stamp = row.pop("carimbo_kafka")
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    headers = tuple(map(_header, json.loads(row.pop("cabecalhos", None) or "[]")))
    return Refused(at=at, carimbo_kafka=stamp, cabecalhos=headers, **row)


def _header(found: list[Any]) -> tuple[str, Any]:
    """Name and bytes; None for a header without a value."""
    name, value = found
    return name, None if value is None else b64decode(value)


def counted(which: RecordFilter) -> list[tuple[str, str, int]]:
    """How many records are meant, by topic and reason."""
    answer = run_query(
        f"SELECT q.topico, q.motivo, count(*) AS registros FROM {TABLE} q WHERE {condition(which)} "  # noqa: S608 - values are checked
        "GROUP BY q.topico, q.motivo ORDER BY 3 DESC, 1, 2"
    )
    return [(topic, reason, number) for topic, reason, number in answer.rows]


def sent_key(at: Coordinate) -> str:
    """The object that says that a record was sent again; keys of a partition sort by offset."""
    return f"{SENT}{at.topic}/{at.partition}/{at.offset:020d}.json"


def already_sent(records: Iterable[Coordinate]) -> set[Coordinate]:
    """Which of the records were sent again before. Costs one listing per partition, from first to last offset."""
    by_partition: dict[tuple[str, int], list[Coordinate]] = {}
    known = set(topic_names())
    for at in (one for one in records if one.topic in known):
        by_partition.setdefault((at.topic, at.partition), []).append(at)
    return {at for ats in by_partition.values() for at in _sent_among(ats)}


def _sent_among(ats: list[Coordinate]) -> Iterator[Coordinate]:
    wanted = {sent_key(at): at for at in ats}
    first, last = min(wanted), max(wanted)
    # A listing begins behind the key it is given; the first one shall be in it.
    after = first.removesuffix(".json")
    prefix = f"{first.rpartition('/')[0]}/"
    for key in keys(settings().lake_bucket, prefix, after=after):
        if key in wanted:
            yield wanted[key]
        if key >= last:
            return


def send_again(records: Sequence[Refused]) -> Iterator[Answer]:
    """Sends records to their topics: key, payload and headers as they came, and `HEADER`.

    A record that can't be sent stays where it is, and the others are sent. A dead letter says itself from which topic
    it came; it may be wrong.

    A record is remembered as sent when the broker has acknowledged it. A crash between the two sends it once more next
    time: the event's id, or the one that `acude.ingestion.replays` makes of the header, then tells the repeat.

    Yields:
        Each record, once the broker has answered.

    Raises:
        BrokerError: no broker answers.
        KafkaError: it answers no more.
        KafkaException: it doesn't say which topics it has.
    """
    topics_there = set(TopicReader(settings()).existing(topic_names()))
    for begin in range(0, len(records), _AT_ONCE):
        yield from _send_together(records[begin : begin + _AT_ONCE], topics_there)


def _send_together(records: Sequence[Refused], topics_there: set[str]) -> Iterator[Answer]:
    """Sends some records at once."""
    refused: list[Refused] = []
    with _connected() as producer:
        under_way = [(record, _send(producer, record, topics_there)) for record in records]
        producer.flush(_ANSWER_WITHIN_S)
        for record, answer in under_way:
            stayed = _taken(record, answer)
            if stayed and len(records) > 1 and not isinstance(answer, str):
                refused.append(record)
            else:
                yield Answer(record, stayed)
    # With one record that the broker refuses, an idempotent producer of kafka-python gives up all that are under way.
    middle = (len(refused) + 1) // 2
    for part in (refused[:middle], refused[middle:]):
        if part:
            yield from _send_together(part, topics_there)


@contextmanager
def _connected() -> Iterator[KafkaProducer]:
    producer = kafka.connect(settings(), "acude-quarantine", max_request_size=16 * 2**20)
    try:
        yield producer
    finally:
        kafka.close(producer, _CLOSED_WITHIN_S)


def _send(producer: KafkaProducer, record: Refused, topics_there: set[str]) -> Any:  # noqa: ANN401 - kafka-python has no types
    """The answer to come; the sentence or the client's error that says why there will be none."""
    if record.at.topic not in topics_there:
        known = record.at.topic in topic_names()
        return "the broker lacks its topic" if known else "its topic is none of the contracts'"
    if record.chave is None and record.valor is None:
        return "it has neither key nor bytes, and Kafka's client sends no such record"
    kept = [(key, value) for key, value in record.cabecalhos if key != HEADER]
    # What comes back to quarantine is still the record that was refused first.
    first = origin(record.cabecalhos, record.at.topic) or record.at
    headers = [*kept, (HEADER, str(first).encode())]
    try:
        return producer.send(record.at.topic, value=record.valor, key=record.chave, headers=headers)
    except (KafkaError, ValueError, TypeError) as problem:
        return problem


def _taken(record: Refused, answer: Any) -> str:  # noqa: ANN401 - kafka-python has no types
    """Remembers a record that the broker took; says why it did not."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, Exception):
        return _why(answer)
    try:
        _remember(record, answer.get(_ANSWER_WITHIN_S))
    except KafkaError as problem:
        return _why(problem)
    return ""


def _why(problem: Exception) -> str:
    """Why this record alone is refused; an error that the next ones meet as well is raised."""
    if getattr(problem, "retriable", False):
        raise problem
    return f"Kafka refuses it ({type(problem).__name__})"


def _remember(record: Refused, answer: Any) -> None:  # noqa: ANN401 - kafka-python has no types
    body = {"para": str(Coordinate(answer.topic, answer.partition, answer.offset)), "em": datetime.now(UTC).isoformat()}
    s3().put_object(Bucket=settings().lake_bucket, Key=sent_key(record.at), Body=json.dumps(body).encode())

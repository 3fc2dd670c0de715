"""Has decisions recorded again that were made after a backup: Kafka still holds them."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from acude.backup.errors import BackupError
from acude.kafka import brokers
from acude.payments.groups import RECORDERS
from acude.payments.serde import DECISIONS
from acude.settings import Settings

MARGIN: Final = timedelta(hours=1)
"""How far the recorder may have been behind when the backup was made. What it reads twice it keeps once."""


def record_again(config: Settings, since: datetime) -> int:
    """Puts the recorder's place in the topic back to this time, where it is behind it; the recorder must not run.

    Returns:
        How many records it will read again.

    Raises:
        BackupError: the recorder runs, or the broker doesn't answer.
    """
    try:
        with closing(_recorder(config)) as consumer:
            partitions = [TopicPartition(DECISIONS, one) for one in consumer.partitions_for_topic(DECISIONS) or ()]
            places = _places_before(consumer, partitions, since)
            if places:
                consumer.assign(list(places))
                consumer.commit({one: OffsetAndMetadata(begin, "", -1) for one, (begin, _) in places.items()})
            return sum(committed - begin for begin, committed in places.values())
    except KafkaError as problem:
        raise BackupError(
            f"The recorder's place in {DECISIONS} can't be moved: {type(problem).__name__}.",
            "Start Kafka without the recorder: `acude down`, then `acude up --detach --only kafka`, and try again.",
        ) from None


def _recorder(config: Settings) -> KafkaConsumer:
    return KafkaConsumer(**brokers.kafka_python(config), group_id=RECORDERS, enable_auto_commit=False)


def _places_before(
    consumer: KafkaConsumer, partitions: list[TopicPartition], since: datetime
) -> dict[TopicPartition, tuple[int, int]]:
    """Where to begin and where the recorder is, of the partitions in which that is further on."""
    at = consumer.offsets_for_times({one: int(since.timestamp() * 1000) for one in partitions}) if partitions else {}
    places = {}
    for one in partitions:
        committed = consumer.committed(one)
        # No record since then: nothing to read again. No place at all: it begins at the beginning by itself.
        if at.get(one) and committed is not None and at[one].offset < committed:
            places[one] = (at[one].offset, committed)
    return places

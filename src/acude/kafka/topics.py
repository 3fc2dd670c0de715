"""The contracts' topics on the broker: creates them, and says what it has of them."""

from typing import NamedTuple

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic, OffsetSpec

from acude.contracts.model import Contract, topic_of_its_own, topics
from acude.kafka import brokers
from acude.settings import Settings, settings

_DAY_MS = 86_400_000


def ensure_topics(config: Settings | None = None) -> list[str]:
    """Creates the topics that are missing, with their contract's partitions and retention.

    So are the topics of single ways of paying that the settings name (`acude.payments.routes`).

    Returns:
        Names of the topics that were created. What exists is left as it is: partitions can't be taken away, and more
        of them would send a key's next events elsewhere.
    """
    config = config or settings()
    wanted = _wanted(config)
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        existing = set(admin.list_topics())
        absent = [name for name in wanted if name not in existing]
        if absent:
            admin.create_topics([_new_topic(name, wanted[name], config) for name in absent])
    finally:
        admin.close()
    return absent


def missing(config: Settings) -> list[str]:
    """The topics that `ensure_topics` would create, each with its partitions and how long records are kept."""
    there = _partitions(config)
    return [
        f"{name} ({topic.partitions} partitions, {f'{topic.retention.days} days' if topic.retention else 'for ever'})"
        for name, topic in _wanted(config).items()
        if name not in there
    ]


def too_narrow(config: Settings) -> list[tuple[str, int, int]]:
    """Topics with fewer partitions than their contract says: name, partitions, those of the contract."""
    there = _partitions(config)
    wanted = ((name, there.get(name), topic.partitions) for name, topic in _wanted(config).items())
    return [(name, found, partitions) for name, found, partitions in wanted if found and found < partitions]


def _partitions(config: Settings) -> dict[str, int]:
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        return {one["name"]: len(one["partitions"]) for one in admin.describe_topics()}
    finally:
        admin.close()


def _wanted(config: Settings) -> dict[str, Contract]:
    """Each topic's contract."""
    wanted = {topic.name: topic for topic in topics(config.contracts)}
    for topic in list(wanted.values()):
        values = topic.column(topic.split_by).values if topic.split_by else ()
        wanted |= {topic_of_its_own(topic.name, one): topic for one in values if one in config.risk_own_topics}
    return wanted


class Held(NamedTuple):
    """What the broker has of a topic, which may have other partitions than the contract says.

    Attributes:
        id: another one where the topic was deleted and made again.
        first: of each partition, the oldest offset that is still there.
        end: of each partition, the offset behind its newest record.
    """

    id: str
    first: dict[int, int]
    end: dict[int, int]


def landed_topics(config: Settings) -> dict[str, Held]:
    """The topics that `ingest` lands: each contract's, and those of its `split_by` values that the broker has.

    A topic that the settings no longer name may still hold records.
    """
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        described = {one["name"]: one for one in admin.describe_topics()}
        partitions = {
            name: [TopicPartition(name, one["partition_index"]) for one in described[name]["partitions"]]
            if name in described
            else []
            for topic in topics(config.contracts)
            for name in topic.kafka_topics
            if name == topic.name or name in described
        }
        asked = [one for of_topic in partitions.values() for one in of_topic]
        first, end = (
            admin.list_partition_offsets(dict.fromkeys(asked, spec))
            for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
        )
    finally:
        admin.close()
    return {
        name: Held(
            described[name]["topic_id"] if name in described else "",
            {one.partition: first[one].offset for one in found},
            {one.partition: end[one].offset for one in found},
        )
        for name, found in partitions.items()
    }


def _new_topic(name: str, topic: Contract, config: Settings) -> NewTopic:
    settings_of_topic = {
        "retention.ms": str(topic.retention.days * _DAY_MS if topic.retention else -1),
        # The broker's timestamp, not the producer's: it decides the landing day and what counts as late.
        "message.timestamp.type": "LogAppendTime",
    }
    return NewTopic(
        name,
        num_partitions=topic.partitions,
        replication_factor=config.kafka_replication,
        topic_configs=settings_of_topic,
    )

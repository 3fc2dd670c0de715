"""Creates the contracts' topics on the broker."""

from kafka.admin import KafkaAdminClient, NewTopic

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
    wanted = {topic.name: topic for topic in topics(config.contracts)}
    for topic in list(wanted.values()):
        values = topic.column(topic.split_by).values if topic.split_by else ()
        wanted |= {topic_of_its_own(topic.name, one): topic for one in values if one in config.risk_own_topics}
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        existing = set(admin.list_topics())
        missing = [name for name in wanted if name not in existing]
        if missing:
            admin.create_topics([_new_topic(name, wanted[name], config) for name in missing])
    finally:
        admin.close()
    return missing


def landed_topics(config: Settings) -> list[str]:
    """The topics that `ingest` lands: each contract's, and those of its `split_by` values that the broker has.

    A topic that the settings no longer name may still hold records.
    """
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        existing = set(admin.list_topics())
    finally:
        admin.close()
    known = topics(config.contracts)
    return [name for topic in known for name in topic.kafka_topics if name == topic.name or name in existing]


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

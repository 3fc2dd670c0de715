"""Creates the contracts' topics on the broker."""

from kafka.admin import KafkaAdminClient, NewTopic

from acude import brokers
from acude.contracts.model import Contract, topics
from acude.settings import Settings, settings

_DAY_MS = 86_400_000


def ensure_topics(config: Settings | None = None) -> list[str]:
    """Creates the topics that are missing, with their contract's partitions and retention.

    Returns:
        Names of the topics that were created. What exists is left as it is: partitions can't be taken away, and more
        of them would send a key's next events elsewhere.
    """
    config = config or settings()
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        existing = set(admin.list_topics())
        missing = [topic for topic in topics(config.contracts) if topic.name not in existing]
        if missing:
            admin.create_topics([_new_topic(topic, config) for topic in missing])
    finally:
        admin.close()
    return [topic.name for topic in missing]


def _new_topic(topic: Contract, config: Settings) -> NewTopic:
    settings_of_topic = {
        "retention.ms": str(topic.retention.days * _DAY_MS if topic.retention else -1),
        # The broker's stamp, not the producer's: it decides the landing day and what counts as late.
        "message.timestamp.type": "LogAppendTime",
    }
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=config.kafka_replication,
        topic_configs=settings_of_topic,
    )

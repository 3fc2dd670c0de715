"""A topic of a test's own, its lake, and what became of its readings."""

from contextlib import closing
from datetime import UTC, datetime

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import NewPartitions

from acude.ingestion import gaps
from acude.kafka import brokers
from acude.kafka.topics import ensure_topics
from tests.integration.streams.steps import ingest
from tests.integration.streams.streamlab import StreamLab
from tests.own_topic import drop_topic, produce, reading
from tests.waiting import awaited


class Sensors:
    """Sends readings to the topic, lets them land, and does to the topic what its operators do."""

    def __init__(self, lab: StreamLab, topic: str) -> None:
        self.lab = lab
        self.topic = topic

    def send(self, *numbers: int, partition: int = 0) -> None:
        produce(self.lab.config, self.topic, *map(reading, numbers), partition=partition)

    def ingest(self) -> None:
        self.lab.do(ingest)

    @property
    def landed(self) -> list[int]:
        """The readings in silver, as often as they are there."""
        return sorted(int(row["id_evento"]) for row in self.lab.rows(f"silver.{self.topic}"))

    @property
    def told(self) -> list[str]:
        """The gaps that `acude reconcile` shows today."""
        today = datetime.now(UTC).date()
        return [str(gap).removeprefix(f"{self.topic}/") for gap in gaps.told(today, today, self.lab.config)]

    def lose_the_checkpoint(self) -> None:
        self.lab.delete("_checkpoints/ingest")

    def admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(**brokers.kafka_python(self.lab.config))

    def let_go(self, before: int) -> None:
        """What retention does: the broker deletes the first partition's records before an offset."""
        with closing(self.admin()) as admin:
            admin.delete_records({TopicPartition(self.topic, 0): before})

    def make_again(self) -> None:
        """Deletes the topic, and makes it as the platform does."""
        drop_topic(self.lab.config, self.topic)
        with closing(self.admin()) as admin:
            awaited(admin.list_topics, lambda names: self.topic not in names)
        ensure_topics(self.lab.config)

    def add_partitions(self, total: int) -> None:
        with closing(self.admin()) as admin:
            admin.create_partitions({self.topic: NewPartitions(total)})

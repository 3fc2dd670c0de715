"""A topic of a test's own, and its contract."""

import shutil
from pathlib import Path
from uuid import uuid4

from kafka import KafkaAdminClient, KafkaProducer

from acude.kafka import brokers
from acude.settings import PROJECT, Settings


def own_topic(folder: Path) -> str:
    """Copies the contracts to a folder, with one new topic in the place of all others.

    Returns:
        The topic's name; its contract is `folder/topics/<name>.odcs.yaml`.
    """
    name = f"leituras_{uuid4().hex[:8]}"
    shutil.copytree(PROJECT / "contracts", folder)
    for other in (folder / "topics").glob("*.yaml"):
        other.unlink()
    text = Path(__file__).with_suffix(".odcs.yaml").read_text().replace("TOPIC", name)
    (folder / "topics" / f"{name}.odcs.yaml").write_text(text)
    return name


def drop_topic(config: Settings, name: str) -> None:
    """Deletes a test's topic."""
    admin = KafkaAdminClient(**brokers.kafka_python(config))
    admin.delete_topics([name])
    admin.close()


def reading(number: int) -> bytes:
    """A payload that fits the topic's contract; its event id is the number."""
    return f'{{"id_sensor":"s","valor":1,"timestamp":"2026-11-22T10:00:00","id_evento":"{number}"}}'.encode()


def produce(
    config: Settings,
    topic: str,
    *payloads: bytes | None,
    headers: list[tuple[str, bytes]] | None = None,
    partition: int | None = None,
) -> None:
    """Sends payloads under the key `k`, and waits for the broker's answers."""
    producer = KafkaProducer(**brokers.kafka_python(config), acks="all")
    answers = [producer.send(topic, payload, key=b"k", headers=headers, partition=partition) for payload in payloads]
    producer.flush()
    producer.close()
    for answer in answers:
        answer.get(timeout=60)

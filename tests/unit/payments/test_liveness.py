"""Payment API and worker are alive while every thread that their answers depend on is."""

import asyncio
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from unittest import mock

import pytest
from confluent_kafka import Producer
from fastapi.testclient import TestClient

from acude.api import outbox
from acude.api.app import create_app
from acude.contracts.model import topics
from acude.kafka import transaction
from acude.payments import deadletters
from acude.payments.worker import Worker
from acude.settings import Settings
from tests.buckets import MemoryBucket
from tests.unit.risk.candidates import policy

NOBODY = "127.0.0.1:9"


@pytest.fixture
def config(tmp_path: Path, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings that name librdkafka's own small broker; nobody answers at the others' addresses."""
    del bucket
    broker = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
    for topic in topics():
        broker.produce(topic.name, b"")
    assert not broker.flush(30)
    (address,) = (f"{one.host}:{one.port}" for one in broker.list_topics(timeout=30).brokers.values())
    policy(tmp_path, "instalada")
    # What kafka-python asks is more than that broker knows.
    for module, name in ((outbox, "require_topic"), (transaction, "end_what_was_forgotten"), (deadletters, "connect")):
        monkeypatch.setattr(module, name, mock.Mock())
    yield Settings(
        _env_file=None,  # type: ignore[call-arg]
        var=tmp_path / "var",
        risk_policy=tmp_path / "instalada.yaml",
        kafka_bootstrap=address,
        risk_dsn=f"postgresql://{NOBODY}/risco",  # type: ignore[arg-type]
        valkey_url=f"redis://{NOBODY}",  # type: ignore[arg-type]
        document_key="k" * 32,  # type: ignore[arg-type]
        velocity_key="v" * 32,  # type: ignore[arg-type]
        audit_keys="k1:" + "a" * 32,  # type: ignore[arg-type]
    )
    del broker


def test_the_api_is_not_alive_without_a_thread_that_its_answers_depend_on() -> None:
    app = create_app(Settings(_env_file=None))  # type: ignore[call-arg]
    client, over = TestClient(app), threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    app.state.metrics.need(thread)
    assert client.get("/saude/viva").status_code == 200
    over.set()
    thread.join()
    answer = client.get("/saude/viva")
    assert (answer.status_code, answer.json()["title"]) == (503, "Not alive")
    assert app.state.metrics.hangs(60)


def begun_since(before: Collection[threading.Thread]) -> set[threading.Thread]:
    """The threads that were begun, but for those of pools, which take another in the place of one that ended."""
    begun = set(threading.enumerate()) - set(before)
    return {one for one in begun if not one.name.startswith(("AnyIO", "pool-"))}


def test_the_api_needs_each_of_its_threads_but_the_consumer_whose_heartbeat_it_watches(config: Settings) -> None:
    app, before = create_app(config), threading.enumerate()

    async def lived() -> set[str]:
        async with app.router.lifespan_context(app):
            begun = begun_since(before)
            assert {one.name for one in begun} > {"outbox", "audit", "reservations"}
            return {one.name for one in begun - set(app.state.metrics._needed)}

    assert asyncio.run(lived()) == {"decisions"}
    assert not app.state.metrics.hangs(60), "who ends in good order is no dead one"


def test_a_worker_needs_each_of_its_threads_but_those_that_are_watched_otherwise_or_decide_nothing(
    config: Settings,
) -> None:
    before, stop = threading.enumerate(), threading.Event()
    worker = Worker(config, stop, "acude-risco")
    begun = begun_since(before)
    assert {one.name for one in begun} > {"rules", "lists", "audit", "reservations"}
    # The shadow decides nothing, and the disputes' consumer has a heartbeat of its own.
    assert {one.name for one in begun - set(worker.health._needed)} == {"shadow", "disputes"}
    stop.set()
    worker.close()
    assert not worker.health.hangs(60), "who ends in good order is no dead one"
    for one in begun:
        one.join(30)
    assert not any(one.is_alive() for one in begun)

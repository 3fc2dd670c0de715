"""Payments of a test's own, and readers of what became of them."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from acude.api.app import KEEP_ALIVE_S, create_app
from acude.http_server import SERVED
from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.payments.disputes import TOPIC as DISPUTES
from acude.payments.serde import ALERTS, DECISIONS, TOPIC
from acude.payments.store import Store
from acude.settings import HOST, PROJECT, Settings
from acude.simulator.payments import payments
from acude.simulator.receiver import Mode
from tests.servers import servers
from tests.waiting import PATIENCE_S, awaited


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """What decides payments, and an object store for lakes of the tests' own."""
    with servers("risk-worker", "risk-recorder", "risk-api", "risk-notifier", "s3") as found:
        yield found


def some_payments(number: int, seed: int | None = None, **changes: object) -> list[dict[str, Any]]:
    """Payments that nobody has made before, as fields."""
    begin = datetime.now(UTC) - timedelta(minutes=5)
    # Fewer payers than the simulator has: to make up twenty thousand takes longer than to decide what they pay.
    stream = payments(seed or time.time_ns(), begin, timedelta(minutes=5), max(1, number / 100), payers=2_000)
    return [orjson.loads(one.value) | changes for one in itertools.islice(stream, number)]


OF_A_KIND = ("chave_pix", "token_cartao", "entrada", "parcelas", "id_carteira", "vencimento")


def suspicious(number: int, **changes: object) -> list[dict[str, Any]]:
    """Payments that are not approved, whatever is known of their payers: dear, and by accounts an hour old."""
    found = []
    for one in some_payments(number):
        made = datetime.fromisoformat(one["timestamp"])
        an_hour_before = (made - timedelta(hours=1)).isoformat()
        others = {name: value for name, value in one.items() if name not in OF_A_KIND}
        found.append(
            others
            | {"tipo_pagamento": "boleto", "vencimento": str(made.date()), "operacao": "pagamento", "valor": 99_000.0}
            | {"conta_criada_em": an_hour_before, "credencial_alterada_em": an_hour_before}
            | {"id_pagador": f"p-{one['id_transacao']}"}
            | changes
        )
    return found


def dispute(made: dict[str, Any], terminal: str, result: str) -> dict[str, Any]:
    """A dispute about a payment at a terminal."""
    return {
        "id_contestacao": uuid.uuid4().hex,
        "id_transacao": made["id_transacao"],
        "resultado": result,
        "timestamp": datetime.now(UTC),
        "origem": "banco",
        "transacao_em": made["timestamp"],
        "id_terminal": terminal,
    }


@dataclass
class Shop:
    """Sends payments to the topic and reads what was decided since the test began."""

    config: Settings
    begins: dict[str, dict[TopicPartition, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for topic in (DECISIONS, ALERTS):
            self.watch(topic)

    def watch(self, topic: str) -> None:
        """From now on what comes to this topic can be read."""
        with closing(self._consumer()) as consumer:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            self.begins[topic] = consumer.end_offsets(partitions)

    def _consumer(self) -> KafkaConsumer:
        return KafkaConsumer(
            bootstrap_servers=self.config.kafka_bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )

    def send(self, sent: Sequence[dict[str, Any]], topic: str = TOPIC) -> None:
        """Produces payments, each acknowledged."""
        producer = KafkaProducer(bootstrap_servers=self.config.kafka_bootstrap, acks="all", linger_ms=5)
        futures = [producer.send(topic, orjson.dumps(one), one["id_pagador"].encode()) for one in sent]
        for future in futures:
            future.get(timeout=30)
        producer.close()

    def report(self, found: Sequence[dict[str, Any]]) -> None:
        """Produces disputes, one after the other."""
        with closing(KafkaProducer(bootstrap_servers=self.config.kafka_bootstrap)) as producer:
            for one in found:
                producer.send(DISPUTES, orjson.dumps(one), one["id_transacao"].encode()).get(timeout=30)

    def read(self, topic: str, ids: set[str]) -> dict[str, list[dict[str, Any]]]:
        """What the topic holds, committed, by payment; waits until each of these is there, then a moment longer."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row, _ in self._rows(topic, ids):
            found.setdefault(row["id_transacao"], []).append(row)
        return found

    def taken_ms(self, topic: str, ids: set[str]) -> dict[str, int]:
        """When the broker took the first record of each of these payments on a topic, milliseconds since 1970."""
        found: dict[str, int] = {}
        for row, taken_ms in self._rows(topic, ids):
            found[row["id_transacao"]] = min(taken_ms, found.get(row["id_transacao"], taken_ms))
        return found

    def _rows(self, topic: str, ids: set[str]) -> Iterator[tuple[dict[str, Any], int]]:
        """Rows with the broker's time of them."""
        seen: set[str] = set()
        with closing(self._consumer()) as consumer:
            consumer.assign(list(self.begins[topic]))
            for partition, begin in self.begins[topic].items():
                consumer.seek(partition, begin)
            end = time.monotonic() + PATIENCE_S
            while time.monotonic() < end:
                for record in itertools.chain.from_iterable(consumer.poll(timeout_ms=1000).values()):
                    row = orjson.loads(record.value)
                    seen.add(row["id_transacao"])
                    yield row, record.timestamp
                if ids <= seen:
                    # One look more, for what should not be there.
                    end = min(end, time.monotonic() + 1)

    def decisions(self, sent: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """All decisions on these payments."""
        ids = {one["id_transacao"] for one in sent}
        return {one: rows for one, rows in self.read(DECISIONS, ids).items() if one in ids}


@pytest.fixture
def shop(platform: Platform) -> Shop:
    return Shop(platform.config)


@pytest.fixture(scope="module")
def store(platform: Platform) -> Iterator[Store]:
    found = Store(platform.config)
    yield found
    found.close()


class PixWorkers:
    """The worker of the topic that Pix has where the settings give it one.

    Attributes:
        config: the platform's settings, with that one.
    """

    def __init__(self, config: Settings) -> None:
        self.config = config.model_copy(update={"risk_own_topics": ("pix",)})
        ensure_topics(self.config)
        self.start()

    def start(self) -> None:
        """Begins one, and waits until it has its partitions."""
        port = self.config.risk_groups_port
        command = [sys.executable, "-m", "acude.payments.worker", "--way", "pix"]
        self._process = subprocess.Popen(command, env=os.environ | {"ACUDE_RISK_METRICS_PORT": str(port)}, cwd=PROJECT)
        awaited(lambda: answers(f"http://{HOST}:{port}/pronta"), bool)

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.wait(30)

    def terminate(self) -> int:
        """Asks it to end; its exit code."""
        self._process.terminate()
        return self._process.wait(30)


def answers(url: str) -> bool:
    """Whether the address answers that all is well."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def pix(platform: Platform) -> Iterator[PixWorkers]:
    workers = PixWorkers(platform.config)
    yield workers
    workers.kill()


def token(config: Settings, client: str, secret: str, scope: str = "") -> str:
    answer = httpx.post(
        config.oauth_token_url, data={"grant_type": "client_credentials", "scope": scope}, auth=(client, secret)
    )
    return str(answer.raise_for_status().json()["access_token"])


@contextmanager
def another_api(config: Settings, **changes: object) -> Iterator[str]:
    """An API beside the platform's own, with some settings changed; its address."""
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    app = create_app(config.model_copy(update=changes))
    as_the_platforms = SERVED | {"timeout_keep_alive": KEEP_ALIVE_S, "log_level": "warning"}
    server = uvicorn.Server(uvicorn.Config(app, port=port, **as_the_platforms))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[Callable[..., httpx.Client]]:
    """Makes clients of the API: the shop's own (`loja`) or the analyst's."""
    config, clients = platform.config, []
    secrets = {
        "loja": config.risk_client_secret.get_secret_value(),
        "analista": config.risk_analyst_secret.get_secret_value(),
    }

    def client(who: str = "loja", scope: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token(config, who, secrets[who], scope)}"}
        clients.append(httpx.Client(base_url=config.risk_url, headers=headers, timeout=10))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


@pytest.fixture
def receiver(platform: Platform) -> Iterator[str]:
    """The platform's own receiver of the webhook, well again afterwards."""
    url = f"http://127.0.0.1:{platform.config.receiver_port}"
    yield url
    behave(url, Mode.UP)


def behave(url: str, mode: Mode) -> None:
    """Has the receiver behave so from now on."""
    httpx.put(f"{url}/modo", json={"modo": mode}).raise_for_status()


@contextmanager
def hanging(platform: Platform, name: str) -> Iterator[None]:
    """A server of the platform stands still."""
    pid = platform.pid(name)
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)

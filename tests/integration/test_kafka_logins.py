"""Brokers of one's own that ask who comes: each client's TLS, certificate, SASL/SCRAM and access lists."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Protocol
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    NewTopic,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, TopicAlreadyExistsError
from pydantic import SecretStr

from acude.init.access import ensure, missing
from acude.kafka import brokers
from acude.kafka.producer import BrokerError, connect, require_topic
from acude.local import certificates
from acude.local.servers import kafka
from acude.settings import HOST, Settings, settings
from tests.programs import free_port
from tests.waiting import awaited

PASSWORD = 'a "long" pass\\word'
"""With what JAAS would take for the end of a word."""

OWNER, PAYER = "acude", "pagador"
PAYMENTS, DECISIONS = "transacoes", "decisoes_risco"
PATIENT_MS, REFUSED_MS = 20_000, 3_000


_ASKING = "".join(f"listener.name.{name}.ssl.client.auth=required\n" for name in ("clients", "controller"))
"""What the local broker does not ask for: a certificate."""


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the brokers' owner; a user for payments may write those alone."""
    given, port = settings(), free_port()
    config = Settings(
        _env_file=None,  # type: ignore[call-arg]
        var=tmp_path_factory.mktemp("broker"),
        jars=given.jars,
        jvm_short_lived=True,
        kafka_tls=True,
        local_tls=True,
        kafka_login_port=port,
        kafka_controller_port=free_port(),
        kafka_open=False,
        kafka_rights="users",
        kafka_bootstrap=f"{HOST}:{port}",
        kafka_username=OWNER,
        kafka_password=SecretStr(PASSWORD),
    )
    certificates.ensure(config.var / "tls", config.listens_to)
    config = config.model_copy(
        update={"tls_authority": certificates.authority(config), "kafka_certificate": certificates.server(config)}
    )
    with Broker(config):
        awaited(lambda: _topics_made(config), bool, patience_s=180)
        yield config


class Broker:
    """A broker that lets in who shows a certificate of its authority and knows a password."""

    def __init__(self, config: Settings) -> None:
        home = config.var / "kafka"
        home.mkdir(parents=True)
        self._properties = home / "server.properties"
        self._properties.write_text(kafka.server_properties(config) + _ASKING)
        (home / "log4j2.properties").write_text(kafka._LOG4J)
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id=" + uuid4().hex[:22], "-c", str(self._properties)]
        subprocess.run([*kafka._java(config), *tool], check=True)
        self._log = home / "broker.log"
        self._config = config

    def __enter__(self) -> None:
        with self._log.open("wb") as log:
            command = [*kafka._java(self._config), "kafka.Kafka", str(self._properties)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)


def _topics_made(config: Settings) -> bool:
    try:
        ensure(config)
        with closing(KafkaAdminClient(**brokers.kafka_python(config), bootstrap_timeout_ms=3000)) as admin:
            payer = UserScramCredentialUpsertion(PAYER, ScramMechanism.SCRAM_SHA_512, PASSWORD)
            assert admin.alter_user_scram_credentials([payer]) == {PAYER: None}
            # The try before this one may have made them, and not have been told.
            with suppress(TopicAlreadyExistsError):
                admin.create_topics([NewTopic(name, 1, 1) for name in (PAYMENTS, DECISIONS)])
            admin.create_acls([_may(PAYER, ACLOperation.WRITE, PAYMENTS)])
    except KafkaError:
        return False
    return True


def _may(user: str, operation: ACLOperation, topic: str) -> ACL:
    place = ResourcePattern(ResourceType.TOPIC, topic)
    return ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, place)


def by_kafka_python(config: Settings, topic: str, within_ms: int = PATIENT_MS) -> None:
    limits = {"bootstrap_timeout_ms": within_ms, "max_block_ms": within_ms}
    with closing(KafkaProducer(**brokers.kafka_python(config), **limits)) as client:
        client.send(topic, b"{}").get(within_ms / 1000)


def by_librdkafka(config: Settings, topic: str, within_ms: int = PATIENT_MS) -> None:
    client = Producer({**brokers.librdkafka(config), "message.timeout.ms": within_ms})
    told: list[object] = []
    client.produce(topic, b"{}", on_delivery=lambda problem, _: told.append(problem))
    client.flush(2 * within_ms / 1000)
    if not told or told[0] is not None:
        raise KafkaError(str(told))


def by_java(config: Settings, topic: str, within_ms: int = PATIENT_MS) -> None:
    """Spark's client, by the options that Spark's source is given."""
    options = config.var / f"{uuid4().hex}.properties"
    given = {name.removeprefix("kafka."): value for name, value in brokers.spark(config).items()}
    limits = ("request.timeout.ms", "delivery.timeout.ms", "max.block.ms")
    given |= {**dict.fromkeys(limits, str(within_ms)), "linger.ms": "0"}
    escaped = {name: value.replace("\\", "\\\\") for name, value in given.items()}
    options.write_text("".join(f"{name}={value}\n" for name, value in escaped.items()))
    tool = ["org.apache.kafka.tools.ConsoleProducer", "--topic", topic, "--bootstrap-server", config.kafka_bootstrap]
    answer = subprocess.run(
        [*kafka._java(config), *tool, "--command-config", str(options)],
        input="{}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if answer.returncode or "Exception" in answer.stdout + answer.stderr:
        raise KafkaError(answer.stdout + answer.stderr)


class Send(Protocol):
    """Sends a record to a topic, or raises."""

    def __call__(self, config: Settings, topic: str, within_ms: int = PATIENT_MS) -> None: ...


CLIENTS = pytest.mark.parametrize("send", [by_kafka_python, by_librdkafka, by_java])


def count(config: Settings, topic: str) -> int:
    with closing(KafkaConsumer(**brokers.kafka_python(config))) as consumer:
        return int(consumer.end_offsets([TopicPartition(topic, 0)])[TopicPartition(topic, 0)])


@CLIENTS
def test_each_client_comes_in_with_its_certificate_and_password(owner: Settings, send: Send) -> None:
    before = count(owner, DECISIONS)
    send(owner, DECISIONS)
    assert count(owner, DECISIONS) == before + 1


@CLIENTS
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"kafka_password": SecretStr("other")}, id="wrong password"),
        pytest.param({"kafka_username": "fulano"}, id="unknown user"),
        pytest.param({"kafka_username": ""}, id="no login"),
        pytest.param({"kafka_certificate": None}, id="no certificate"),
    ],
)
def test_nobody_else_comes_in(owner: Settings, send: Send, changes: dict[str, object]) -> None:
    before = count(owner, PAYMENTS)
    stranger = owner.model_copy(update=changes)
    with pytest.raises(KafkaError):
        send(stranger, PAYMENTS, REFUSED_MS)
    assert count(owner, PAYMENTS) == before


@pytest.mark.parametrize(
    "ask",
    [lambda config: connect(config, "teste"), lambda config: require_topic(config, PAYMENTS)],
    ids=["producer", "topic"],
)
def test_a_refused_login_is_said_with_what_to_set(owner: Settings, ask: Callable[[Settings], object]) -> None:
    with pytest.raises(BrokerError) as refused:
        ask(owner.model_copy(update={"kafka_password": SecretStr("other")}))
    assert f"know the login {OWNER}" in refused.value.next_step
    assert "ACUDE_KAFKA_PASSWORD" in refused.value.next_step


@CLIENTS
def test_who_may_pay_may_not_decide(owner: Settings, send: Send) -> None:
    payer = owner.model_copy(update={"kafka_username": PAYER})
    before = count(owner, PAYMENTS), count(owner, DECISIONS)
    send(payer, PAYMENTS)
    with pytest.raises(KafkaError) as refused:
        send(payer, DECISIONS)
    assert "uthoriz" in f"{refused.value!r}"
    assert (count(owner, PAYMENTS), count(owner, DECISIONS)) == (before[0] + 1, before[1])


def test_on_brokers_of_ones_own_init_makes_what_is_missing_and_takes_nothing_back(owner: Settings) -> None:
    config = owner.model_copy(update={"kafka_rights": "acls"})
    lost, own = _may("risk-notifier", ACLOperation.READ, "alertas"), _may("risk-notifier", ACLOperation.WRITE, "outro")
    with closing(KafkaAdminClient(**brokers.kafka_python(config))) as admin:
        admin.create_acls([own])
        admin.delete_acls([lost])
        assert missing(config) == ["User:risk-notifier may READ TOPIC alertas"]
        ensure(config)
        assert missing(config) == []
        found, _ = admin.describe_acls(own)
        assert found == [own]
        users = admin.describe_user_scram_credentials()
    assert not users[PAYER]["error"], "users are their owner's"

"""The platform's own broker: who may write and read which topic, and what is said to whoever may not."""

import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import closing, suppress
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import AbortTransactionSpec, NewTopic
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)
from kafka.errors import KafkaError as KafkaPythonError
from kafka.structs import TopicPartition as Place
from pydantic import SecretStr

from acude.contracts.model import load
from acude.init.access import missing
from acude.init.rights import access_list, everybody
from acude.kafka import brokers
from acude.kafka.forgotten import OFFSETS, end_what_was_forgotten
from acude.kafka.producer import BrokerError, connect, require_topic
from acude.kafka.refusals import refused
from acude.kafka.users import ADMINISTRATOR, ANYBODY, password_of
from acude.local.environment import local_env_path
from acude.local.platform import Platform
from acude.local.services import all_services
from acude.local.supervisor import config_path, log_path
from acude.settings import HOST, PROJECT, Settings, settings
from tests.programs import free_port
from tests.waiting import awaited

PATIENT_S = 20

LANDED = {
    "alertas",
    "atualizacoes_estoque",
    "cartas_mortas",
    "comparacoes_sombra",
    "contestacoes",
    "decisoes_risco",
    "eventos_clientes",
    "transacoes",
}
MAY_WRITE = {
    "traffic": {"eventos_clientes"},
    "poller": {"atualizacoes_estoque"},
    "payers": {"transacoes", "contestacoes"},
    "streams": set(),
    "airflow": set(),
    "risk-worker": {"decisoes_risco", "alertas", "cartas_mortas", "comparacoes_sombra"},
    "risk-recorder": {"cartas_mortas"},
    "risk-notifier": {"cartas_mortas"},
    "risk-api": {"transacoes"},
    ANYBODY: {"eventos_clientes"},
    ADMINISTRATOR: LANDED,
}
MAY_READ = {
    "traffic": set(),
    "poller": set(),
    "payers": set(),
    "streams": LANDED,
    "airflow": LANDED,
    "risk-worker": {"transacoes", "contestacoes", "decisoes_risco", "alertas", "cartas_mortas"},
    "risk-recorder": {"decisoes_risco"},
    "risk-notifier": {"alertas"},
    "risk-api": {"decisoes_risco"},
    ANYBODY: set(),
    ADMINISTRATOR: LANDED,
}
USERS = sorted(MAY_WRITE)


@pytest.fixture(scope="module")
def platform_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A broker with its users; the records of these tests are nobody else's."""
    ports = {name: free_port() for name in ("kafka_port", "kafka_login_port", "kafka_controller_port")}
    var = tmp_path_factory.mktemp("rights")
    found = Platform(
        Settings(_env_file=None, var=var, jars=settings().jars, jvm_short_lived=True, **ports)  # type: ignore[arg-type, call-arg]
    )
    try:
        found.up(["kafka"])
        yield found
    finally:
        found.down()


@pytest.fixture(scope="module")
def owner(platform_of_its_own: Platform) -> Settings:
    """The settings of commands on this machine; each topic has a record in its first partition."""
    config = platform_of_its_own.config
    with closing(KafkaProducer(**brokers.kafka_python(config))) as producer:
        for topic in LANDED:
            producer.send(topic, b"{}", partition=0).get(30)
    return config


def as_user(owner: Settings, user: str) -> Settings:
    """The settings of a user's processes."""
    if user == ADMINISTRATOR:
        return owner
    if user == ANYBODY:
        nobody = {"kafka_username": "", "kafka_bootstrap": f"{HOST}:{owner.kafka_port}"}
        return owner.model_copy(update=nobody)
    login = {"kafka_username": user, "kafka_password": SecretStr(password_of(owner, user))}
    return owner.model_copy(update=login)


def written(config: Settings) -> set[str]:
    """The topics that take a record of these settings' user."""
    found = set()
    # Whoever may write nothing gets no producer's id either, so none is asked for.
    options = {"enable_idempotence": False, "max_block_ms": PATIENT_S * 1000}
    with closing(KafkaProducer(**brokers.kafka_python(config), **options)) as producer:
        for topic in LANDED:
            with suppress(TopicAuthorizationFailedError):
                producer.send(topic, b"{}", partition=0).get(PATIENT_S)
                found.add(topic)
    return found


def read(config: Settings) -> set[str]:
    """The topics of which they are handed a record, among those that they see."""
    properties = {"group.id": "teste", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer({**brokers.librdkafka(config), **properties})
    seen = set(consumer.list_topics(timeout=PATIENT_S).topics) & LANDED
    consumer.assign([TopicPartition(topic, 0, 0) for topic in seen])
    handed: dict[str | None, KafkaError | None] = {}

    def look() -> bool:
        handed.update({record.topic(): record.error() for record in consumer.consume(100, 1.0)})
        # About the group, which no assigned consumer joins, the client complains without a topic.
        return seen <= handed.keys()

    awaited(look, bool)
    consumer.close()
    refusals = {problem.code() for topic, problem in handed.items() if topic and problem}
    assert refusals <= {KafkaError.TOPIC_AUTHORIZATION_FAILED}
    return {topic for topic, problem in handed.items() if topic and problem is None}


@pytest.mark.parametrize("user", USERS)
def test_each_service_writes_and_reads_its_own_topics_alone(owner: Settings, user: str) -> None:
    config = as_user(owner, user)
    assert (written(config), read(config)) == (MAY_WRITE[user], MAY_READ[user])


def test_every_service_of_the_broker_stands_in_the_matrix(owner: Settings) -> None:
    users = {service.kafka_user for service in all_services(owner) if service.kafka_user}
    assert users == {rights.user for rights in everybody(owner)} - {ANYBODY} == set(USERS) - {ANYBODY, ADMINISTRATOR}
    assert [one.name for one in all_services(owner) if "kafka" in one.after and not one.kafka_user] == []


def test_each_process_is_given_the_login_that_the_broker_knows(owner: Settings) -> None:
    supervised = RawConfigParser()
    supervised.read(config_path(owner))
    for service in all_services(owner):
        login = service.kafka_login(owner)
        given = supervised[f"program:{service.name}"]["environment"]
        assert [name for name, value in login.items() if f'{name}="{value}"' not in given] == []


def test_a_decision_that_the_payers_forge_is_refused_and_both_sides_say_who_and_what(
    owner: Settings, platform_of_its_own: Platform
) -> None:
    payers = as_user(owner, "payers")
    end = KafkaConsumer(**brokers.kafka_python(owner))
    before = end.end_offsets([place := Place("decisoes_risco", 0)])[place]
    with (
        closing(connect(payers, "teste", max_block_ms=PATIENT_S * 1000)) as producer,
        pytest.raises(TopicAuthorizationFailedError) as problem,
    ):
        producer.send("decisoes_risco", b'{"decisao": "aprovar"}', partition=0).get(PATIENT_S)
    sentence = str(refused(payers, problem.value))
    assert "does not let payers do this: decisoes_risco (TOPIC_AUTHORIZATION_FAILED)" in sentence
    assert end.end_offsets([place])[place] == before
    end.close()
    log = log_path(platform_of_its_own.config, "kafka").read_text()
    assert "Principal = User:payers is Denied" in log
    assert "Topic:LITERAL:decisoes_risco" in log


def test_the_producer_lines_of_the_readme_need_no_login(owner: Settings) -> None:
    lines = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)[0]
    assert "bootstrap_servers='localhost:9092'," in lines
    places = [Place("eventos_clientes", number) for number in range(load()["topics.eventos_clientes"].partitions)]
    with closing(KafkaConsumer(**brokers.kafka_python(owner))) as consumer:
        before = sum(consumer.end_offsets(places).values())
        here = lines.replace("localhost:9092", f"localhost:{owner.kafka_port}")
        subprocess.run([sys.executable, "-c", here], check=True)
        assert sum(consumer.end_offsets(places).values()) == before + 1


def test_a_program_whose_user_lacks_its_topic_does_not_begin_and_says_both(owner: Settings) -> None:
    with pytest.raises(BrokerError, match=r"Expected topic transacoes .*, and traffic sees eventos_clientes\."):
        require_topic(as_user(owner, "traffic"), "transacoes")


@pytest.mark.parametrize("changes", [{"kafka_password": SecretStr("other")}, {"kafka_username": "fulano"}])
def test_another_password_or_user_does_not_come_in(owner: Settings, changes: dict[str, object]) -> None:
    stranger = as_user(owner, "payers").model_copy(update=changes)
    with pytest.raises(KafkaPythonError):
        KafkaAdminClient(**brokers.kafka_python(stranger), bootstrap_timeout_ms=3_000)


def test_nobody_comes_in_by_plain_but_the_administrator(owner: Settings) -> None:
    with pytest.raises(KafkaPythonError):
        KafkaAdminClient(**brokers.without_scram(as_user(owner, "payers")), bootstrap_timeout_ms=3_000)
    KafkaAdminClient(**brokers.without_scram(owner)).close()


@pytest.mark.parametrize("port", ["kafka_login_port", "kafka_controller_port"])
def test_without_a_login_no_other_port_answers(owner: Settings, port: str) -> None:
    with pytest.raises(KafkaPythonError):
        KafkaAdminClient(bootstrap_servers=f"{HOST}:{getattr(owner, port)}", bootstrap_timeout_ms=3_000)


@pytest.mark.parametrize("user", ["payers", "risk-worker", ANYBODY])
def test_a_service_makes_no_topic_and_gives_itself_no_rights(owner: Settings, user: str) -> None:
    with closing(KafkaAdminClient(**brokers.kafka_python(as_user(owner, user)))) as admin:
        with pytest.raises((ClusterAuthorizationFailedError, TopicAuthorizationFailedError)):
            admin.create_topics([NewTopic("meu", 1, 1)])
        with pytest.raises(TopicAuthorizationFailedError):
            admin.delete_topics(["decisoes_risco"])
        answer = admin.create_acls(list(access_list(everybody(owner))))
        assert set(answer["failed"]) == {ClusterAuthorizationFailedError}


def test_a_service_does_not_take_anothers_place_in_a_group(owner: Settings) -> None:
    options = {"group_id": "risco-registro", "auto_offset_reset": "earliest"}
    with closing(KafkaConsumer(**brokers.kafka_python(as_user(owner, "airflow")), **options)) as consumer:
        consumer.subscribe(["decisoes_risco"])
        with pytest.raises(GroupAuthorizationFailedError):
            consumer.poll(PATIENT_S * 1000)


def test_a_worker_may_look_for_a_transaction_that_a_broker_forgot_and_end_it(
    owner: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    config, decisions = as_user(owner, "risk-worker"), Place("decisoes_risco", 0)
    producer = Producer({**brokers.librdkafka(config), "transactional.id": "risco-teste"})
    producer.init_transactions(PATIENT_S)
    producer.begin_transaction()
    producer.produce("decisoes_risco", b"{}", partition=0)
    producer.flush(PATIENT_S)
    with closing(KafkaAdminClient(**brokers.kafka_python(config))) as admin:
        known = admin.describe_producers([decisions])[decisions].active_producers
        [begun] = [one for one in known if one.current_transaction_start_offset >= 0]
        admin.abort_transaction(
            AbortTransactionSpec(decisions, begun.producer_id, begun.producer_epoch, begun.coordinator_epoch)
        )
    end_what_was_forgotten(config, "risco-teste", [decisions, Place("alertas", 0), Place(OFFSETS, 0)])
    assert "can't be asked" not in caplog.text


def test_nothing_is_missing_and_a_right_that_is_not_in_the_table_is_taken_back(
    owner: Settings, platform_of_its_own: Platform
) -> None:
    assert missing(owner) == []
    [workers] = [rights for rights in everybody(owner) if rights.user == "risk-worker"]
    with closing(KafkaAdminClient(**brokers.kafka_python(owner))) as admin:
        admin.create_acls(list(access_list([replace(workers, user="payers")])))
    awaited(lambda: written(as_user(owner, "payers")), lambda found: "decisoes_risco" in found)
    assert "no longer: User:payers may WRITE TOPIC decisoes_risco" in missing(owner)
    platform_of_its_own.up(["kafka"])
    assert missing(owner) == []
    assert written(as_user(owner, "payers")) == MAY_WRITE["payers"]


def test_passwords_that_were_drawn_again_are_the_users_after_the_next_start(
    owner: Settings, platform_of_its_own: Platform
) -> None:
    platform_of_its_own.down()
    # `var/local.env` was lost, and what the broker stores was not.
    redrawn = Platform(owner.model_copy(update={"kafka_password": SecretStr("another one")}))
    try:
        redrawn.up(["kafka"])
        assert missing(redrawn.config) == []
        assert written(as_user(redrawn.config, "traffic")) == MAY_WRITE["traffic"]
        with pytest.raises(KafkaPythonError):
            KafkaAdminClient(**brokers.kafka_python(as_user(owner, "traffic")), bootstrap_timeout_ms=3_000)
    finally:
        redrawn.down()


def test_the_open_port_can_be_closed(owner: Settings, platform_of_its_own: Platform) -> None:
    platform_of_its_own.down()
    closed = Platform(owner.model_copy(update={"kafka_open": False}))
    try:
        closed.up(["kafka"])
        assert Settings(_env_file=local_env_path(owner)).kafka_open is False  # type: ignore[call-arg]
        with pytest.raises(KafkaPythonError):
            KafkaAdminClient(bootstrap_servers=f"{HOST}:{owner.kafka_port}", bootstrap_timeout_ms=3_000)
        assert written(as_user(owner, "traffic")) == MAY_WRITE["traffic"]
        assert not [entry for entry in access_list(everybody(closed.config)) if ANYBODY in entry.principal]
    finally:
        closed.down()

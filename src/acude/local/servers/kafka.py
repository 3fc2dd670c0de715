"""Apache Kafka: one KRaft node, broker and controller in one, from its own jars."""

import subprocess
import uuid
from base64 import urlsafe_b64encode
from typing import Final

from kafka import KafkaAdminClient

from acude.files import write_private
from acude.kafka import brokers
from acude.kafka.brokers import quoted
from acude.kafka.users import ADMINISTRATOR
from acude.local import certificates
from acude.local.errors import PlatformError
from acude.local.java import find_java, jars, require_jars, require_java
from acude.local.service import Service
from acude.settings import HOST, Settings

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Room for a payload of 1 MB with its headers; the default is just too small for it."""

_LOG4J = """\
status = error
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSX}{UTC} %p %c{1}: %m%n
# Each refusal, with principal, operation and topic.
logger.refusals.name = kafka.authorizer.logger
logger.refusals.level = info
"""

_CLIENTS: Final = "CLIENTS"
"""The listener on which everybody logs in."""

_EVENTS: Final = "EVENTS"
"""The listener without a login: the access lists let it take shop events alone."""


def service(config: Settings) -> Service:
    """The broker."""
    home = config.var / "kafka"
    return Service(
        name="kafka",
        purpose="events; a user for each service",
        command=[*_java(config), "kafka.Kafka", str(home / "server.properties")],
        ready=ready,
        prepare=prepare,
        finish=create,
        address=config.kafka_bootstrap,
        login=f"{ADMINISTRATOR}; its password in var/local.env",
        ports=[
            (config.kafka_login_port, "kafka_login_port"),
            *([(config.kafka_port, "kafka_port")] if config.kafka_open else []),
            (config.kafka_controller_port, "kafka_controller_port"),
        ],
        inner=("kafka_controller_port",),
        stop_timeout_s=30,
    )


def ready(config: Settings) -> None:
    """Ask the broker for its metadata, as its administrator: at its first start it knows nobody else."""
    client = KafkaAdminClient(**brokers.without_scram(config), request_timeout_ms=3000, bootstrap_timeout_ms=3000)
    try:
        client.list_topics()
    finally:
        client.close()


def prepare(config: Settings) -> None:
    """Write the configuration and, once, format the storage."""
    require_java(config)
    require_jars(config, "kafka")
    if not config.kafka_password.get_secret_value():
        raise PlatformError(
            "The broker's administrator has no password.",
            "`acude up` draws one; in containers `make docker-secrets` does (ACUDE_KAFKA_PASSWORD).",
        )
    home = config.var / "kafka"
    write_private(home / "server.properties", server_properties(config))
    write_private(home / "log4j2.properties", _LOG4J)
    if (home / "data" / "meta.properties").exists():
        return
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # Joined to its option: one in 64 ids begins with a hyphen, and would be taken for an option itself.
    format_storage = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c"]
    answer = subprocess.run(
        [*_java(config), *format_storage, str(home / "server.properties")], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        lines = (answer.stdout + answer.stderr).splitlines()[-20:]
        raise PlatformError(f"Kafka's storage in {home / 'data'} can't be formatted.", "See the lines above.", lines)


def create(config: Settings) -> None:
    """Create users, access lists and the contracts' topics where they are missing."""
    # They read every contract.
    from acude.init.access import ensure  # noqa: PLC0415
    from acude.kafka.topics import ensure_topics  # noqa: PLC0415

    ensure(config)
    ensure_topics(config)


def server_properties(config: Settings) -> str:
    """The broker's configuration file."""
    properties: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        **_listeners(config),
        **_logins(config),
        "log.dirs": config.var / "kafka" / "data",
        # Topics come from contracts; a misspelt name must be an error, not a new topic.
        "auto.create.topics.enable": "false",
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
        "group.initial.rebalance.delay.ms": 0,
        # One node: every internal topic has one replica, and few partitions, for each costs open files and memory.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 2,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 2,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.segment.bytes": 128 * 1024 * 1024,
        # The default buffer takes a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "log.cleaner.threads": 1,
    }
    if config.local_tls:
        stores = {"keystore": certificates.server(config), "truststore": certificates.authority(config)}
        for name, path in stores.items():
            properties |= {f"ssl.{name}.type": "PEM", f"ssl.{name}.location": path}
    # A backslash begins an escape in the file.
    lines = ((name, str(value).replace("\\", "\\\\")) for name, value in properties.items())
    return "".join(f"{name}={value}\n" for name, value in lines)


def _listeners(config: Settings) -> dict[str, object]:
    """Where it listens: for whoever logs in, for shop events without a login, and for its own quorum."""
    controller = f"CONTROLLER://{HOST}:{config.kafka_controller_port}"
    ports = {_CLIENTS: config.kafka_login_port} | ({_EVENTS: config.kafka_port} if config.kafka_open else {})
    named = config.kafka_advertised or config.here
    safe, open_ = ("SASL_SSL", "SSL") if config.local_tls else ("SASL_PLAINTEXT", "PLAINTEXT")
    return {
        # Named here rather than in the storage, so that the port can be moved later.
        "controller.quorum.voters": f"1@{HOST}:{config.kafka_controller_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": _CLIENTS,
        "listener.security.protocol.map": f"{_CLIENTS}:{safe},{_EVENTS}:{open_},CONTROLLER:{safe}",
        # The quorum is this node alone, so its port stays on loopback.
        "listeners": ",".join([*(f"{name}://{config.bind}:{port}" for name, port in ports.items()), controller]),
        "advertised.listeners": ",".join([*(f"{name}://{named}:{port}" for name, port in ports.items()), controller]),
    }


def _logins(config: Settings) -> dict[str, object]:
    """Who logs in how. Users log in by SCRAM; the administrator, who makes them, and the broker itself by PLAIN."""
    password = quoted(config.kafka_password.get_secret_value())
    administrator = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f"username={quoted(ADMINISTRATOR)} password={password} user_{ADMINISTRATOR}={password};"
    )
    clients, controller = f"listener.name.{_CLIENTS.lower()}", "listener.name.controller"
    return {
        f"{clients}.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        f"{clients}.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        f"{clients}.plain.sasl.jaas.config": administrator,
        f"{controller}.sasl.enabled.mechanisms": "PLAIN",
        f"{controller}.plain.sasl.jaas.config": administrator,
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMINISTRATOR}",
    }


def _java(config: Settings) -> list[str]:
    """The JVM that runs Kafka's classes."""
    home = config.var / "kafka"
    return [
        str(find_java(config) or "java"),
        "-Xms256m",
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        *(["-XX:TieredStopAtLevel=1"] if config.jvm_short_lived else []),
        "-Duser.timezone=UTC",
        f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}",
        "-cp",
        f"{jars(config, 'kafka')}/*",
    ]

"""MSK's logins by IAM: what each of the three clients shows to the brokers is signed as AWS asks for it."""

import multiprocessing
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from acude.kafka import brokers
from acude.lake.session import driver_session
from acude.local import certificates
from acude.settings import HOST, Settings, settings
from tests.msk import ACCESS_KEY, NAME, REGION, SECRET_KEY, SESSION_TOKEN, Shown, door, signature


@pytest.fixture
def msk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, list[Shown]]]:
    """The settings of a process with a role, and what was shown."""
    named = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": SESSION_TOKEN}
    # Java looks names up in this file alone: the broker's is this machine's.
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{HOST} {NAME} localhost {socket.gethostname()}\n")
    for name, value in {**named, "JDK_JAVA_OPTIONS": f"-Djdk.net.hosts.file={hosts}"}.items():
        monkeypatch.setenv(name, value)
    with door(tmp_path) as (port, shown):
        yield (
            settings().model_copy(
                update={
                    "kafka_iam": True,
                    "aws_region": REGION,
                    "kafka_bootstrap": f"{HOST}:{port}",
                    "tls_authority": tmp_path / "tls" / certificates.AUTHORITY,
                }
            ),
            shown,
        )


def by_kafka_python(config: Settings) -> None:
    with suppress(KafkaError):
        KafkaAdminClient(**brokers.kafka_python(config), bootstrap_timeout_ms=5_000)


def by_librdkafka(config: Settings) -> None:
    client = Producer({**brokers.librdkafka(config), "log_level": 0})
    with suppress(Exception):
        client.list_topics(timeout=10)


def by_spark(config: Settings) -> None:
    """Spark's own client and jars, in a JVM of its own: it takes the region from the broker's name."""
    named = config.model_copy(update={"kafka_bootstrap": config.kafka_bootstrap.replace(HOST, NAME)})
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as child:
        child.submit(_read_by_spark, named).result(timeout=180)


def _read_by_spark(config: Settings) -> None:
    spark = driver_session("msk", config)
    source = spark.read.format("kafka").options(**brokers.spark(config)).option("subscribe", "transacoes")
    with suppress(Exception):
        source.option("kafka.default.api.timeout.ms", 20_000).option("kafka.request.timeout.ms", 10_000).load().count()
    spark.stop()


@pytest.mark.parametrize(
    ("client", "mechanism", "host"),
    [
        (by_kafka_python, "OAUTHBEARER", f"kafka.{REGION}.amazonaws.com"),
        (by_librdkafka, "OAUTHBEARER", f"kafka.{REGION}.amazonaws.com"),
        (by_spark, "AWS_MSK_IAM", NAME),
    ],
    ids=["kafka-python", "librdkafka", "spark"],
)
def test_each_client_signs_with_its_role(
    msk: tuple[Settings, list[Shown]], client: Callable[[Settings], None], mechanism: str, host: str
) -> None:
    config, shown = msk
    client(config)
    assert shown
    for one in shown:
        claims = one.claims()
        assert (one.mechanism, claims["host"]) == (mechanism, host)
        assert claims["x-amz-credential"].startswith(f"{ACCESS_KEY}/")
        assert (claims["x-amz-security-token"], claims["x-amz-expires"]) == (SESSION_TOKEN, "900")
        assert claims["x-amz-signature"] == signature(claims, REGION)

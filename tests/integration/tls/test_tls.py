"""`acude up --tls`: every port speaks TLS with a certificate that clients can check, and nothing in clear text."""

import multiprocessing
import os
import socket
import subprocess
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from unittest import mock
from uuid import uuid4

import httpx
import orjson
import psycopg2
import pytest
import valkey
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError
from psycopg2.extensions import make_dsn

from acude.kafka import brokers
from acude.lake.session import driver_session
from acude.local import certificates
from acude.local.errors import PlatformError
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.payments.serde import TOPIC
from acude.payments.store import Store
from acude.settings import HOST, Settings, settings
from tests.integration.payments.conftest import some_payments, token
from tests.waiting import awaited

SPEAKERS = {
    "kafka_port": [],
    "kafka_login_port": [],
    "kafka_controller_port": [],
    "postgres_port": ["-starttls", "postgres"],
    "valkey_port": [],
    "risk_port": [],
    "issuer_port": [],
}
"""Each server's port, and what openssl must know of its protocol."""


def openssl(platform: Platform, port: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Connects as anybody would, checks the certificate for this address, and leaves."""
    place = f"{HOST}:{getattr(platform.config, port)}"
    command = ["openssl", "s_client", "-connect", place, "-verify_return_error", "-verify_ip", HOST, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(("port", "options"), SPEAKERS.items(), ids=SPEAKERS)
def test_openssl_can_check_whom_it_speaks_to(platform: Platform, port: str, options: list[str]) -> None:
    trusting = ["-CAfile", str(certificates.authority(platform.config))]
    met = openssl(platform, port, *options, *trusting)
    assert met.returncode == 0, met.stderr
    assert "Verify return code: 0 (ok)" in met.stdout
    assert "TLSv1.3" in met.stdout


@pytest.mark.parametrize(("port", "options"), SPEAKERS.items(), ids=SPEAKERS)
def test_who_was_not_given_the_authority_does_not_trust_it(platform: Platform, port: str, options: list[str]) -> None:
    assert openssl(platform, port, *options).returncode != 0


@pytest.mark.parametrize("port", ["risk_port", "issuer_port", "valkey_port"])
def test_clear_text_gets_no_answer(platform: Platform, port: str) -> None:
    with socket.create_connection((HOST, getattr(platform.config, port)), timeout=5) as bare:
        bare.sendall(b"PING\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = bare.recv(1000)
    assert b"HTTP" not in answer
    assert b"PONG" not in answer
    assert b"NOAUTH" not in answer


def test_clear_text_is_no_way_to_the_database_nor_to_the_broker(platform: Platform) -> None:
    dsn = platform.config.risk_dsn.get_secret_value()
    with pytest.raises(psycopg2.OperationalError, match="only speaks TLS"):
        psycopg2.connect(make_dsn(dsn, sslmode="disable"))
    with pytest.raises(KafkaError):
        KafkaProducer(bootstrap_servers=platform.config.kafka_bootstrap, bootstrap_timeout_ms=3_000)
    with pytest.raises(KafkaError):
        KafkaProducer(bootstrap_servers=f"{HOST}:{platform.config.kafka_port}", bootstrap_timeout_ms=3_000)


def test_keys_are_for_their_owners_eyes_and_the_authoritys_is_nowhere(platform: Platform) -> None:
    given = certificates.server(platform.config)
    assert given.stat().st_mode & 0o077 == 0
    assert "PRIVATE KEY" in given.read_text()
    assert "PRIVATE KEY" not in certificates.authority(platform.config).read_text()
    issued = {path.name for path in given.parent.iterdir()}
    assert issued == {given.name, certificates.authority(platform.config).name}


def test_a_payment_goes_through_all_of_them_and_is_decided(platform: Platform) -> None:
    config = platform.config
    (payment,) = some_payments(1)
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(certificates.authority(config))}):
        bearer = token(config, config.risk_client_id, config.risk_client_secret.get_secret_value())
    with httpx.Client(verify=config.tls_context(), timeout=10) as client:
        headers = {"Authorization": f"Bearer {bearer}"}
        answer = client.post(f"{config.risk_url}/transacoes", json=payment, headers=headers)
    decision = answer.raise_for_status().json()
    assert answer.status_code == 200
    assert decision["degradado"] is False
    store = Store(config)
    row = awaited(lambda: store.decision(payment["id_transacao"]), bool)
    store.close()
    assert row
    assert row["decisao"] == decision["decisao"]
    with valkey.from_url(config.valkey_url.get_secret_value()) as memory:
        assert list(memory.scan_iter("*", count=1_000))


def test_spark_and_the_backups_programs_speak_it_too(platform: Platform) -> None:
    config = platform.config
    mark = uuid4().hex
    with closing(KafkaProducer(**brokers.kafka_python(config))) as producer:
        producer.send(TOPIC, orjson.dumps({"id_transacao": mark})).get(timeout=30)
    # A JVM of its own: it would stay for the whole run.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as child:
        assert child.submit(records_with, config, mark).result(timeout=400) == 1
    dumped = subprocess.run(
        [postgres.program("pg_dump"), "--schema-only", "risco"],
        env=postgres.client_environment(config),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "CREATE TABLE auditoria.trilha" in dumped.stdout


def records_with(config: Settings, text: str) -> int:
    """How many records of the payments' topic hold a text, counted by Spark."""
    spark = driver_session("tls", config)
    read = spark.read.format("kafka").options(**brokers.spark(config)).option("subscribe", TOPIC).load()
    return read.filter(read.value.cast("string").contains(text)).count()


def test_servers_that_run_are_not_asked_to_speak_otherwise(platform: Platform) -> None:
    before = certificates.authority(platform.config).read_bytes()
    with pytest.raises(PlatformError, match=r"The servers run with TLS. Stop them with `acude down`"):
        Platform(platform.config.model_copy(update={"local_tls": False})).up(["kafka"])
    # A second start makes no second authority.
    platform.up(["kafka"])
    assert certificates.authority(platform.config).read_bytes() == before


def test_later_commands_of_the_same_var_speak_it_without_being_told(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUDE_VAR", str(platform.config.var))
    settings.cache_clear()
    try:
        assert settings().local_tls
        assert settings().risk_url.startswith("https://")
        with closing(KafkaAdminClient(**brokers.kafka_python(settings()))) as admin:
            assert TOPIC in admin.list_topics()
    finally:
        settings.cache_clear()

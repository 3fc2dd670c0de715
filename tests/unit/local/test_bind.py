"""Where the servers listen, and under which names they answer, are settings; loopback is the default."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from acude.api.issuer import create_app, new_key
from acude.healthy import answers
from acude.kafka.health import Health, serve
from acude.lake.connect_channel import InClear, channel
from acude.local.environment import local_values
from acude.local.servers import airflow, kafka, s3, trino
from acude.settings import Settings
from tests.programs import free_port

OTHER = "127.0.0.2"
"""Loopback, too, but not the usual address."""


def told(**given: object) -> Settings:
    return Settings(_env_file=None).model_copy(update=given)  # type: ignore[call-arg]


@pytest.fixture
def metrics() -> Iterator[int]:
    """The port of metrics at the other address; `elsewhere` is a name of theirs."""
    port = free_port()
    server = serve(Health(), told(bind=OTHER, hosts=("elsewhere",)), port)
    yield port
    server.shutdown()
    server.server_close()


def status(port: int, host: str) -> int:
    return httpx.get(f"http://{OTHER}:{port}/viva", headers={"Host": host}).status_code


def test_metrics_listen_where_the_settings_say(metrics: int) -> None:
    assert status(metrics, OTHER) == 200
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", metrics), timeout=2):
        pass


@pytest.mark.parametrize("host", ["elsewhere:9464", "localhost", OTHER, f"{OTHER}:80"])
def test_metrics_answer_under_their_names_and_the_address_that_was_reached(metrics: int, host: str) -> None:
    assert status(metrics, host) == 200


@pytest.mark.parametrize("host", ["page.example", "elsewhere.page.example", "10.0.0.1", "127.0.0.3"])
def test_metrics_answer_under_no_other(metrics: int, host: str) -> None:
    assert status(metrics, host) == 400


def keys(config: Settings, host: str = "localhost") -> httpx.Response:
    """What the issuer answers to who asks for its keys."""
    found: httpx.Response = TestClient(create_app(config), base_url=f"http://{host}").get("/jwks.json")
    return found


def test_the_issuer_answers_under_its_names_and_no_other(tmp_path: Path) -> None:
    config = told(var=tmp_path, hosts=("issuer",))
    assert {host: keys(config, host).status_code for host in ("issuer", "page")} == {"issuer": 200, "page": 400}


def test_the_issuers_key_may_be_a_secret(tmp_path: Path) -> None:
    config = told(var=tmp_path, issuer_key=SecretStr(new_key()))
    assert keys(config).json() == keys(config).json()
    assert list(tmp_path.iterdir()) == []


def test_a_broker_listens_at_the_setting_and_names_its_clients_another_address() -> None:
    lines = kafka.server_properties(told(bind="0.0.0.0", kafka_advertised="kafka")).splitlines()  # noqa: S104
    assert "listeners=CLIENTS://0.0.0.0:9094,EVENTS://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093" in lines
    assert "advertised.listeners=CLIENTS://kafka:9094,EVENTS://kafka:9092,CONTROLLER://127.0.0.1:9093" in lines


def test_only_s3_itself_listens_at_the_setting_its_parts_stay_on_loopback() -> None:
    command = s3.service(told(bind=OTHER, s3_access_key=SecretStr("k"), s3_secret_key=SecretStr("s"))).command
    assert {f"-s3.ip.bind={OTHER}", "-ip.bind=127.0.0.1"} <= set(command)


def test_browsers_may_reach_airflow_elsewhere_than_its_tasks_do() -> None:
    text = airflow.airflow_cfg(
        told(bind=OTHER, airflow_url="http://api:8080", airflow_public_url="https://airflow.example")
    )
    assert f"host = {OTHER}\n" in text
    assert "base_url = https://airflow.example\n" in text
    assert "execution_api_server_url = http://api:8080/execution/\n" in text


def test_trino_listens_at_the_setting() -> None:
    lines = trino.files(told(bind=OTHER))["config.properties"].splitlines()
    # It asks itself by the address that it calls internal.
    assert {f"node.bind-ip={OTHER}", f"node.internal-address={OTHER}"} <= set(lines)
    inside = trino.files(told(bind="0.0.0.0"))["config.properties"].splitlines()  # noqa: S104
    assert "node.internal-address=127.0.0.1" in inside


def test_endpoints_of_one_machine_follow_the_address_and_every_interface_means_loopback() -> None:
    assert local_values(told(bind=OTHER), {})["kafka_bootstrap"] == f"{OTHER}:9094"
    assert local_values(told(bind="0.0.0.0"), {})["kafka_bootstrap"] == "127.0.0.1:9094"  # noqa: S104


def test_a_secret_is_read_from_its_file_and_a_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "acude_risk_dsn").write_text("postgresql://from/file\n")
    (tmp_path / "acude_valkey_url").write_text("redis://from/file\n")
    monkeypatch.setenv("ACUDE_VALKEY_URL", "redis://from/variable")
    found = Settings(_env_file=None, _secrets_dir=tmp_path)  # type: ignore[call-arg]
    assert found.risk_dsn.get_secret_value() == "postgresql://from/file"
    assert found.valkey_url.get_secret_value() == "redis://from/variable"


@pytest.mark.parametrize(
    ("address", "in_clear"),
    [
        ("sc://spark-batch:15002/;token=t;use_ssl=false", True),
        ("sc://spark-batch:15002/;token=t", False),
        ("sc://spark-batch:15002/;token=t;use_ssl=true", False),
        ("sc://localhost:15002/;token=t", False),
    ],
)
def test_a_token_goes_in_clear_only_where_the_address_says_so(address: str, in_clear: bool) -> None:
    found = channel(address)
    assert isinstance(found, InClear) is in_clear
    assert (("authorization", "Bearer t") in found.metadata()) is in_clear
    assert found.secure is not in_clear


def test_a_health_check_passes_where_the_answer_is_200_and_nowhere_else(metrics: int) -> None:
    asked = {path: answers(f"http://{OTHER}:{metrics}/{path}") for path in ("metrics", "pronta", "nothing")}
    assert asked == {"metrics": True, "pronta": False, "nothing": False}
    assert not answers(f"http://{OTHER}:{free_port()}/viva")

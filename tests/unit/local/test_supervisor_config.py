import stat
from configparser import RawConfigParser
from pathlib import Path

import pytest
from pydantic import SecretStr

from acude.files import write_private
from acude.kafka.users import password_of
from acude.local.errors import PlatformError
from acude.local.files import socket_path
from acude.local.platform import Platform
from acude.local.service import Service, nothing
from acude.local.services import all_services
from acude.local.supervisor import Supervisor, render
from acude.settings import Settings


def parsed(config: Settings, services: list[Service]) -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(render(config, services))
    return parser


def test_the_supervisor_listens_on_no_tcp_port() -> None:
    config = Settings()

    assert not [name for name in parsed(config, all_services(config)).sections() if "inet" in name]


def test_every_service_is_kept_but_none_starts_by_itself(tmp_path: Path) -> None:
    config = Settings(var=tmp_path)
    services = all_services(config)
    parser = parsed(config, services)

    for service in services:
        section = parser[f"program:{service.name}"]
        assert (section["autostart"], section["autorestart"]) == ("false", "true")
        assert section["stdout_logfile"] == f"{tmp_path}/log/{service.name}.log"


def test_no_service_is_given_up_within_a_year_of_what_it_needs_being_away(tmp_path: Path) -> None:
    config = Settings(var=tmp_path)
    services = all_services(config)
    parser = parsed(config, services)

    for service in services:
        tries = int(parser[f"program:{service.name}"]["startretries"])
        # Before each try supervisord waits a second longer than before the last one.
        assert tries * (tries + 1) / 2 > 365 * 24 * 3600


def test_every_process_carries_the_mark_of_its_platform(tmp_path: Path) -> None:
    environment = parsed(Settings(var=tmp_path), [])["supervisord"]["environment"]

    assert f'ACUDE_SUPERVISED="{tmp_path}"' in environment
    assert f'ACUDE_VAR="{tmp_path}"' in environment


def test_each_client_of_the_broker_comes_as_its_own_user_and_knows_no_other_password(tmp_path: Path) -> None:
    config = Settings(var=tmp_path, kafka_password=SecretStr("the administrator's"))
    services = all_services(config)
    told = {one.name: parsed(config, services)[f"program:{one.name}"]["environment"] for one in services}

    for name, user in {"payers": "payers", "risk-worker": "risk-worker", "airflow-scheduler": "airflow"}.items():
        assert f'ACUDE_KAFKA_USERNAME="{user}"' in told[name]
        assert f'ACUDE_KAFKA_PASSWORD="{password_of(config, user)}"' in told[name]
    assert [name for name, variables in told.items() if "the administrator's" in variables] == []
    assert "ACUDE_KAFKA_PASSWORD" not in told["valkey"]


def test_a_percent_sign_is_not_taken_for_an_expansion(tmp_path: Path) -> None:
    service = Service(
        name="x", purpose="", command=["run", "a b", "5%"], ready=nothing, address="", environment={"SECRET": "p%q"}
    )
    section = parsed(Settings(var=tmp_path), [service])["program:x"]

    assert section["command"] == '"run" "a b" "5%%"'
    assert section["environment"] == 'SECRET="p%%q"'


def test_a_process_is_told_its_own_ports(tmp_path: Path) -> None:
    config = Settings(var=tmp_path, s3_port=1, s3_internal_port=100)
    environment = parsed(config, all_services(config))["program:s3"]["environment"]

    assert 'ACUDE_S3_PORT="1"' in environment
    assert 'ACUDE_S3_INTERNAL_PORT="100"' in environment


def test_no_secret_is_an_argument(tmp_path: Path) -> None:
    secrets = ["s3-secret-key", "postgres-password", "airflow-password", "spark-token"]
    fields = ("s3_secret_key", "postgres_password", "airflow_password", "spark_connect_token")
    config = Settings.model_validate(
        {"var": tmp_path, "s3_access_key": "key", **dict(zip(fields, secrets, strict=True))}
    )
    arguments = " ".join(part for service in all_services(config) for part in service.command)

    assert [secret for secret in secrets if secret in arguments] == []


def test_a_socket_path_too_long_for_the_kernel_moves_to_the_temporary_folder(tmp_path: Path) -> None:
    deep = Settings(var=tmp_path / ("d" * 100))
    other = Settings(var=tmp_path / ("e" * 100))

    assert len(str(socket_path(deep, "supervisor"))) < 100
    assert socket_path(deep, "supervisor") != socket_path(other, "supervisor")
    assert socket_path(Settings(var=Path("/v")), "supervisor") == Path("/v/supervisor.sock")


def test_a_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    write_private(path, "one")
    write_private(path, "two")

    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_at_the_first_start_processes_get_the_logins_that_the_broker_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its secret is drawn while the platform starts."""
    began: list[RawConfigParser] = []

    def launch(supervisor: Supervisor, services: list[Service]) -> set[str]:
        began.append(parsed(supervisor._config, services))
        raise PlatformError("That is enough.")

    monkeypatch.setattr(Supervisor, "is_running", lambda _: False)
    monkeypatch.setattr(Supervisor, "launch", launch)
    platform = Platform(Settings(_env_file=None, var=tmp_path))  # type: ignore[call-arg]
    with pytest.raises(PlatformError, match="enough"):
        platform.up(["risk-worker"])
    password = password_of(platform.config, "risk-worker")
    assert f'ACUDE_KAFKA_PASSWORD="{password}"' in began[0]["program:risk-worker"]["environment"]

"""What runs in a container is what runs on one machine: command, environment, health check, settings."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ByteSize, TypeAdapter

from acude.kafka.users import ADMINISTRATOR
from acude.local import containers, serve
from acude.local.services import all_services
from acude.settings import Settings
from tests.unit.docker.compose_file import Entry, compose, local, read, secrets_of, served, services

OWN_TO_CONTAINERS = {
    "bind",
    "hosts",
    "secrets_dir",
    "log_folder",
    "trino_url",
    "kafka_advertised",
    "airflow_public_url",
}
"""Settings that the one-machine platform leaves at their defaults."""

A_USERS_CHOICE = {
    "kafka_replication",
    "kafka_iam",
    "kafka_certificate",
    "kafka_tls",
    "tls_authority",
    "aws_region",
    "lake_bucket",
    "inbox_bucket",
    "results_bucket",
    "backup_bucket",
    "audit_bucket",
    "athena_workgroup",
    "redshift_copy_role",
}
"""Settings that servers of a user's own need; those of containers are the defaults."""

OF_THE_LOCAL_BROKER = {
    "kafka_port",
    "kafka_login_port",
    "kafka_controller_port",
    "kafka_advertised",
    "kafka_open",
    "kafka_rights",
}
"""Settings that no client of Kafka reads."""

OF_SPARKS_CONTAINERS = {"spark_driver_host", "spark_executor_memory", "dedup_memory"}


def variables(name: str) -> dict[str, str]:
    return {key: str(value) for key, value in (services()[name].get("environment") or {}).items()}


def test_every_server_of_one_machine_has_its_container() -> None:
    # TimescaleDB takes PostgreSQL's place.
    assert set(local()) - {"postgres"} <= {entry["command"][1] for entry in served().values()}


@pytest.mark.parametrize("name", served())
def test_a_container_serves_one_of_them_under_its_own_name(name: str) -> None:
    wanted = services()[name]["command"][1]
    assert wanted in local()
    # A second one of a kind has a number behind.
    assert name in {wanted, f"{wanted}-2"}


@pytest.mark.parametrize("name", served())
def test_a_container_is_asked_what_the_local_server_is_asked(name: str) -> None:
    server = local()[services()[name]["command"][1]]
    by_http = ["CMD", "python", "-m", "acude.healthy", server.health]
    assert services()[name]["healthcheck"]["test"] == (
        by_http if server.health else ["CMD", "acude", "serve", server.name, "--ready"]
    )


def test_a_health_check_asks_the_container_itself_also_where_it_listens_on_every_interface() -> None:
    asked = {server.health for server in local(bind="0.0.0.0").values() if server.health}  # noqa: S104
    assert asked == {server.health for server in local().values() if server.health}
    assert {one.partition("://")[2].partition(":")[0] for one in asked} == {"127.0.0.1"}


@pytest.mark.parametrize("name", services())
def test_every_variable_of_ours_is_a_setting(name: str) -> None:
    known = {f"ACUDE_{field}".upper() for field in Settings.model_fields}
    assert {key for key in variables(name) if key.startswith("ACUDE_")} <= known


@pytest.mark.parametrize("name", served())
def test_every_secret_of_ours_is_a_setting(name: str) -> None:
    known = {f"acude_{field}" for field in Settings.model_fields}
    assert secrets_of(services()[name]).keys() <= known


@pytest.mark.parametrize("name", served())
def test_the_settings_are_those_of_one_machine_with_other_hosts(name: str) -> None:
    wanted = {field: value for field, value in containers.values({}).items() if not containers.is_secret(field)}
    given = {key.removeprefix("ACUDE_").lower(): value for key, value in variables(name).items()}
    if "spark_master" not in given:
        wanted = {field: value for field, value in wanted.items() if not field.startswith("spark_")}
    # Each of the broker's clients has a user of its own.
    wanted["kafka_username"] = local()[services()[name]["command"][1]].kafka_user or ADMINISTRATOR
    assert {field: given.get(field) for field in wanted} == wanted
    assert given.keys() - wanted.keys() - OF_SPARKS_CONTAINERS == (OWN_TO_CONTAINERS | A_USERS_CHOICE) - wanted.keys()


@pytest.mark.parametrize("name", ["spark-batch", "streams", "airflow-scheduler"])
def test_a_container_in_which_a_driver_of_spark_runs_has_java_a_name_and_room_for_it(name: str) -> None:
    entry, usual = services()[name], Settings.model_fields
    assert entry["build"]["target"] == "acude-spark"
    assert entry["environment"]["ACUDE_SPARK_DRIVER_HOST"] == name
    assert [one for one in entry["volumes"] if one.endswith(":/var/lib/acude/spark")]
    heap = TypeAdapter(ByteSize).validate_python(usual["spark_memory"].default + "b")
    known_ids = TypeAdapter(ByteSize).validate_python(entry["environment"]["ACUDE_DEDUP_MEMORY"])
    rest = 640 * 2**20  # of the JVM beside its heap, and of Python
    limit = TypeAdapter(ByteSize).validate_python(entry["deploy"]["resources"]["limits"]["memory"].replace("G", "GiB"))
    assert heap + known_ids + rest <= limit


@pytest.mark.parametrize("name", served())
def test_a_container_knows_the_password_of_its_own_kafka_user_alone(name: str) -> None:
    user = local()[services()[name]["command"][1]].kafka_user or ("acude" if name == "kafka" else None)
    known = [one for one in secrets_of(services()[name]).values() if one.startswith("kafka_")]
    assert known == ([f"kafka_{user}"] if user else [])


def test_executors_containers_have_the_clusters_secret_and_no_other() -> None:
    executors = [name for name in services() if name.startswith(("spark-master", "spark-worker"))]
    assert len(executors) == 3
    assert [set(secrets_of(services()[name])) for name in executors] == [{"acude_spark_secret"}] * 3


def told(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, name: str = "risk-worker") -> Settings:
    """A container's settings where `docker/.env` has these variables."""
    for key, value in read(variables)["services"][name]["environment"].items():
        monkeypatch.setenv(key, str(value))
    return Settings(_env_file=None)  # type: ignore[call-arg]


def test_what_a_user_may_choose_has_its_usual_value(monkeypatch: pytest.MonkeyPatch) -> None:
    found, usual = told({}, monkeypatch), Settings.model_construct()
    assert {name: getattr(found, name) for name in A_USERS_CHOICE} == {
        name: getattr(usual, name) for name in A_USERS_CHOICE
    }


def test_a_users_own_servers_are_named_by_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = {f"ACUDE_{name.upper()}": f"loja-{name}" for name in A_USERS_CHOICE if name.endswith("_bucket")}
    own = {"ACUDE_S3_ENDPOINT": "", "ACUDE_GLUE_ENDPOINT": "", "ACUDE_AWS_REGION": "sa-east-1"}
    kafka = {"ACUDE_KAFKA_TLS": "true", "AUTHORITY_FILE": "./minha.pem", "ACUDE_KAFKA_REPLICATION": "3"}
    found = told(buckets | own | kafka, monkeypatch)
    assert (found.s3_endpoint, found.glue_endpoint, found.aws_region) == (None, None, "sa-east-1")
    assert {getattr(found, key.removeprefix("ACUDE_").lower()) for key in buckets} == set(buckets.values())
    assert (found.kafka_tls, found.kafka_replication) == (True, 3)
    assert found.tls_authority == Path("/etc/acude/authority.pem")
    assert read(kafka)["configs"]["authority"]["file"] == "./minha.pem"


def kafka_clients() -> set[str]:
    """Containers whose servers reach Kafka, and those in which a command does."""
    reach = {name for name, entry in served().items() if "kafka" in local()[entry["command"][1]].after}
    return reach | {"acude", "init", "airflow-scheduler"}


@pytest.mark.parametrize("name", sorted(kafka_clients()))
def test_a_client_of_kafka_has_all_that_a_users_own_kafka_asks_for(name: str) -> None:
    told = {"ACUDE_KAFKA_USERNAME": "minha", "KAFKA_CERTIFICATE_FILE": "./cliente.pem"}
    compose_file = read(told)
    entry = compose_file["services"][name]
    secret = {one.removeprefix("acude_") for one in secrets_of(entry)}
    given = {key.removeprefix("ACUDE_").lower() for key in entry["environment"]}
    of_clients = {field for field in Settings.model_fields if field.startswith("kafka_")} - OF_THE_LOCAL_BROKER
    assert {field for field in of_clients if field not in (secret if containers.is_secret(field) else given)} == set()
    assert entry["environment"]["ACUDE_KAFKA_USERNAME"] == "minha"
    password = secrets_of(entry)["acude_kafka_password"]
    assert compose_file["secrets"][password]["file"] == "./secrets/kafka_minha"
    assert entry["environment"]["ACUDE_KAFKA_CERTIFICATE"] in certificates_of(entry)
    assert compose_file["configs"]["kafka_certificate"]["file"] == "./cliente.pem"


def test_a_users_own_kafka_may_ask_for_no_login() -> None:
    entry = read({"ACUDE_KAFKA_USERNAME": ""})["services"]["risk-worker"]
    assert entry["environment"]["ACUDE_KAFKA_USERNAME"] == ""


def certificates_of(entry: Entry) -> set[str]:
    """Where a container has the certificate that it shows to Kafka."""
    return {one["target"] for one in entry.get("configs", ()) if one["source"] == "kafka_certificate"}


def test_kafkas_certificate_is_in_no_other_container_but_the_executors() -> None:
    executors = {name for name in services() if name.startswith("spark-worker-")}
    assert {name for name, entry in services().items() if certificates_of(entry)} == kafka_clients() | executors
    # Compose mounts a file in any case: without a certificate it is one that everybody may see.
    assert compose()["configs"]["kafka_certificate"] == {"file": "./secrets/authority.pem"}


def test_a_users_own_spark_is_named_by_variables() -> None:
    own = {"SPARK_MASTER": "spark://outro:7077", "SPARK_WORKERS": "3", "SPARK_CORES": "8", "DEDUP_MEMORY": "1GiB"}
    told = {f"ACUDE_{name}": value for name, value in own.items()}
    found = read(told)["services"]["streams"]["environment"]
    assert {name: found[name] for name in told} == told


@pytest.mark.parametrize("name", served())
def test_our_own_containers_have_no_tls_whatever_a_users_kafka_has(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told({"ACUDE_KAFKA_TLS": "true"}, monkeypatch, name)
    assert (found.kafka_tls, found.local_tls) == (True, False)


def test_every_secret_that_one_machine_draws_reaches_the_tools() -> None:
    wanted = {f"acude_{field}" for field in containers.values({}) if containers.is_secret(field)}
    assert wanted <= secrets_of({"secrets": compose()["x-every-secret"]}).keys()
    # Tasks reach all that the tools do.
    assert secrets_of(services()["airflow-scheduler"]).keys() == secrets_of(services()["acude"]).keys()


def test_the_settings_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    containers.draw(tmp_path)
    assert {"kafka_risk-worker", "kafka_acude"} <= {path.name for path in tmp_path.iterdir()}
    for key, value in variables("risk-worker").items():
        monkeypatch.setenv(key, value)
    found = Settings(_env_file=None, _secrets_dir=tmp_path)  # type: ignore[call-arg]
    assert found.kafka_bootstrap == "kafka:9094"
    assert found.risk_dsn.get_secret_value().startswith("postgresql://risco:")
    assert found.risk_dsn.get_secret_value().endswith("@timescaledb:5432/risco")
    assert set(services()) & set(found.hosts) == set(found.hosts)


def test_a_container_becomes_the_local_servers_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execvpe", lambda *what: became.append(what))
    monkeypatch.chdir(tmp_path)
    config = Settings(var=tmp_path, risk_metrics_port=9999)
    serve.serve(config, "risk-worker")

    [server] = [one for one in all_services(config) if one.name == "risk-worker"]
    [(program, command, environment)] = became
    assert (program, command) == (server.command[0], list(server.command))
    assert server.environment.items() <= environment.items()
    assert environment["ACUDE_RISK_METRICS_PORT"] == "9999"
    assert Path.cwd() == tmp_path

"""Airflow's Connections stand for settings; one that can't be used is told in a sentence, and no secret is in it."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException
from pydantic import SecretStr
from pyspark.sql.connect.client import DefaultChannelBuilder

from acude.orchestration.connections import KNOWN, BadConnectionError, settings_of
from acude.orchestration.steps import readable
from acude.orchestration.task_settings import connected, connection_settings
from acude.settings import Settings, override, settings

SECRET = "tr0ub4dor&3/+ =;"
POSTGRES = {"conn_type": "postgres", "host": "db.example", "login": "acude", "password": SECRET, "schema": "vendas"}


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    """The process's own settings, before and after."""
    override({})
    yield
    override({})


def stored(name: str, **fields: Any) -> Connection:  # noqa: ANN401 - Airflow's own
    extra = fields.pop("extra", None)
    return Connection(conn_id=name, extra=extra if isinstance(extra, str | None) else json.dumps(extra), **fields)


def test_each_id_replaces_settings_that_exist_and_no_two_replace_the_same() -> None:
    replaced = [name for known in KNOWN.values() for name in known.replaces]
    assert set(replaced) <= set(Settings.model_fields)
    assert len(replaced) == len(set(replaced))


@pytest.mark.parametrize(
    ("name", "fields", "values"),
    [
        (
            "acude_s3",
            {
                "conn_type": "aws",
                "login": "AKIA",
                "password": SECRET,
                "extra": {"region_name": "sa-east-1", "endpoint_url": "https://s3.example"},
            },
            {
                "s3_access_key": "AKIA",
                "s3_secret_key": SECRET,
                "s3_endpoint": "https://s3.example",
                "aws_region": "sa-east-1",
            },
        ),
        ("acude_s3", {"conn_type": "aws"}, {"s3_access_key": None, "s3_secret_key": None, "s3_endpoint": None}),
        (
            "acude_athena",
            {"conn_type": "athena", "extra": {"work_group": "bi", "s3_staging_dir": "s3://respostas/"}},
            {"athena_endpoint": None, "athena_workgroup": "bi", "results_bucket": "respostas"},
        ),
        (
            "acude_redshift",
            {**POSTGRES, "conn_type": "redshift", "extra": {"sslmode": "verify-full"}},
            {
                "warehouse_kind": "redshift",
                "warehouse_dsn": "sslmode=verify-full host=db.example user=acude dbname=vendas "
                f"password='{SECRET}' port=5439",
            },
        ),
        (
            "acude_redshift",
            {**POSTGRES, "conn_type": "generic", "port": 5433, "password": None},
            {"warehouse_dsn": "host=db.example user=acude dbname=vendas port=5433"},
        ),
        (
            "acude_shop",
            {**POSTGRES, "password": "x"},
            {"shop_dsn": "host=db.example user=acude dbname=vendas password=x port=5432"},
        ),
        (
            "acude_risk",
            {**POSTGRES, "password": "x"},
            {"risk_dsn": "host=db.example user=acude dbname=vendas password=x port=5432"},
        ),
        ("acude_spark", {"conn_type": "spark_connect", "host": "sc://spark"}, {"spark_remote": "sc://spark:15002/"}),
    ],
)
def test_a_connection_stands_for_settings(name: str, fields: dict[str, Any], values: dict[str, object]) -> None:
    found = settings_of(stored(name, **fields))
    assert found == values
    assert set(found) <= set(KNOWN[name].replaces)


def test_sparks_token_arrives_as_it_is() -> None:
    fields = {"conn_type": "spark_connect", "host": "spark", "port": 15003, "login": "lote", "password": SECRET}
    address = settings_of(stored("acude_spark", **fields, extra={"use_ssl": True}))["spark_remote"]
    assert isinstance(address, str)
    channel = DefaultChannelBuilder(address)
    assert (channel.token, channel.userId, channel.secure) == (SECRET, "lote", True)
    assert channel.endpoint == "spark:15003"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("acude_s3", POSTGRES, "should be of type aws, and is 'postgres'"),
        ("acude_s3", {"conn_type": "aws", "login": "AKIA"}, "has one of login"),
        ("acude_s3", {"conn_type": "aws", "host": "s3.example"}, "belongs in its extra, as endpoint_url"),
        ("acude_s3", {"conn_type": "aws", "extra": {"role_arn": SECRET}}, "has role_arn in its extra, which takes"),
        ("acude_s3", {"conn_type": "aws", "extra": {"endpoint_url": "s3.example"}}, "does not begin with http"),
        ("acude_s3", {"conn_type": "aws", "extra": "{" + SECRET}, "has an extra that is no JSON"),
        ("acude_s3", {"conn_type": "aws", "extra": [SECRET]}, "has an extra that is no JSON object"),
        ("acude_athena", {"conn_type": "aws", "login": "AKIA", "password": SECRET}, "with the keys of acude_s3"),
        ("acude_athena", {"conn_type": "aws", "extra": {"s3_staging_dir": "s3://a/b"}}, "that is no bucket"),
        ("acude_redshift", POSTGRES | {"host": None, "schema": ""}, "has no host, no schema (the database's name)"),
        ("acude_redshift", POSTGRES | {"extra": {"iam": True}}, "has iam in its extra, which takes libpq's"),
        ("acude_redshift", POSTGRES | {"extra": {"dsn": SECRET}}, "has dsn in its extra"),
        ("acude_spark", {"conn_type": "spark", "host": "spark://m"}, "should be of type spark_connect"),
        ("acude_spark", {"conn_type": "spark_connect", "password": SECRET}, "a Spark Connect server's name"),
        (
            "acude_spark",
            {"conn_type": "spark_connect", "host": "spark", "extra": {"use_ssl": "yes"}},
            "has a use_ssl that is neither true nor false",
        ),
    ],
)
def test_one_that_can_not_be_used_is_told_with_the_next_step_and_without_its_secrets(
    name: str, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadConnectionError) as caught:
        settings_of(stored(name, **fields))
    problem = caught.value
    assert str(problem).startswith(f"Airflow's Connection {name} ")
    assert said in str(problem)
    assert f"AIRFLOW_CONN_{name.upper()}" in problem.next_step
    assert "ACUDE_" in problem.next_step
    assert SECRET not in str(problem)


def test_one_in_the_environment_wins_and_without_it_the_setting_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ACUDE_S3_ENDPOINT", "http://of-the-setting")
    monkeypatch.setenv("ACUDE_WAREHOUSE_DSN", "postgresql://of-the-setting")
    monkeypatch.setenv("AIRFLOW_CONN_ACUDE_S3", "aws://AKIA:s3cr3t@/?endpoint_url=https%3A%2F%2Fof-the-connection")

    def task() -> Settings:
        return settings()

    with caplog.at_level(logging.INFO):
        found = connected(task)()
    assert found.s3_endpoint == "https://of-the-connection"
    assert found.s3_secret_key == SecretStr("s3cr3t")
    assert found.warehouse_dsn.get_secret_value() == "postgresql://of-the-setting"
    assert "Connection acude_s3 holds, not ACUDE_S3_ACCESS_KEY, ACUDE_S3_SECRET_KEY, ACUDE_S3_ENDPOINT" in caplog.text
    assert "s3cr3t" not in caplog.text
    monkeypatch.delenv("AIRFLOW_CONN_ACUDE_S3")
    assert connected(task)().s3_endpoint == "http://of-the-setting"


def test_a_connection_without_an_endpoint_is_the_real_s3_whatever_the_setting_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACUDE_S3_ENDPOINT", "http://of-the-setting")
    monkeypatch.setenv("AIRFLOW_CONN_ACUDE_S3", "aws://")
    assert connected(settings)().s3_endpoint is None


@pytest.mark.parametrize("text", ['{"conn_type": "aws", "password": "s3cr3t"', "aws://a://b://s3cr3t", "{}"])
def test_one_that_airflow_can_not_read_fails_the_task_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ACUDE_S3", text)
    with caplog.at_level(logging.INFO), pytest.raises(AirflowFailException, match="Correct it under Admin"):
        readable(connected(settings))()
    assert caplog.messages[0].startswith("Airflow's Connection acude_s3 ")
    assert "s3cr3t" not in caplog.text


def test_without_connections_nothing_is_replaced() -> None:
    assert connection_settings() == {}

"""Settings that only one machine may have."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from acude.errors import AcudeError
from acude.production import problems, require_safe
from acude.settings import Settings, settings

SAFE: dict[str, Any] = {
    "profile": "production",
    "kafka_tls": True,
    "kafka_username": "risco",
    "kafka_password": "senha",
    "oauth_issuer": "https://contas.loja.example",
    "oauth_jwks_url": "https://contas.loja.example/jwks.json",
    "oauth_token_url": "https://contas.loja.example/token",
    "blacklist_url": "https://lista.example/consultas",
    "webhook_url": "https://loja.example/avisos",
    "risk_url": "https://pagamentos.loja.example",
    "airflow_url": "https://airflow.loja.example",
    "warehouses_url": "",
    "webhook_secret": "whsec_" + base64.b64encode(bytes(24)).decode(),
    "document_key": "k" * 32,
    "audit_keys": "k1:" + "a" * 32,
    "velocity_key": "v" * 32,
    "risk_dsn": "postgresql://risco@banco.example/risco?sslmode=verify-full",
    "warehouse_dsn": "host=armazem.example dbname=warehouse sslmode=require",
    "valkey_url": "rediss://memoria.example:6379",
}


def of(**changes: object) -> Settings:
    return Settings(_env_file=None, **SAFE | changes)  # type: ignore[call-arg]


def test_safe_settings_start() -> None:
    require_safe(of())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oauth_issuer", "http://contas.loja.example"),
        ("oauth_jwks_url", "http://contas.loja.example/jwks.json"),
        ("oauth_token_url", "http://contas.loja.example/token"),
        ("webhook_url", "http://loja.example/avisos"),
        ("webhook_secret", "whsec_AA=="),
        ("webhook_secret", "geheim"),
        ("blacklist_url", ""),
        ("blacklist_url", "http://lista.example/consultas"),
        ("document_key", "kurz"),
        ("spark_master", "spark://master:7077"),
        ("audit_keys", ""),
        ("velocity_key", "kurz"),
        ("s3_endpoint", "http://127.0.0.1:8333"),
        ("kafka_tls", False),
        ("kafka_username", ""),
        ("kafka_password", ""),
        ("kafka_certificate", Path("/nowhere.pem")),
        ("expire_after", timedelta(hours=23)),
        ("risk_dsn", "postgresql://risco@banco.example/risco"),
        ("risk_read_dsn", "postgresql://risco@banco.example/risco?sslmode=prefer"),
        ("risk_dsn", "postgresql://banco.example/risco?sslmode=disable&application_name=sslmode%3Drequire"),
        ("risk_dsn", "postgresql://banco.example/risco?sslmode=disable&application_name=sslmode=require"),
        ("risk_dsn", "postgresql://banco.example/risco?sslmode=require&sslmode=disable"),
        ("warehouse_dsn", "host=armazem.example application_name='sslmode=require'"),
        ("backup_dsn", "postgresql://postgres@banco.example/postgres"),
        ("airflow_dsn", "sqlite:////tmp/airflow.db"),
        ("valkey_url", "redis://memoria.example:6379"),
        ("valkey_url", "rediss://memoria.example:6379?ssl_cert_reqs=none"),
        ("valkey_url", "rediss://memoria.example:6379?ssl_cert_reqs=required&ssl_cert_reqs=none"),
        ("document_key", "v" * 32),
        ("spark_remote", "sc://lote.example:15002/;token=t;use_ssl=false"),
    ],
)
def test_an_unsafe_setting_is_refused_by_its_name_and_without_its_value(name: str, value: object) -> None:
    with pytest.raises(AcudeError) as caught:
        require_safe(of(**{name: value}))
    assert f"ACUDE_{name.upper()}" in str(caught.value)
    assert len(problems(of(**{name: value}))) == 1
    assert not value or str(value) not in str(caught.value)


def test_a_spark_cluster_with_a_secret_encrypts_what_its_processes_say() -> None:
    secret = {"spark_master": "spark://master:7077", "spark_secret": "s" * 32}
    assert [problem.split()[0] for problem in problems(of(**secret))] == ["ACUDE_SPARK_ENCRYPTION"]
    assert problems(of(**secret, spark_encryption=True)) == []


ADDRESSES = [name for name in Settings.model_fields if name.endswith(("_url", "_endpoint", "_dsn"))]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("value", ["http://servidor.example", "postgresql://servidor.example/banco"])
def test_no_address_is_reached_in_clear_whatever_setting_names_it(name: str, value: str) -> None:
    assert [problem.split()[0] for problem in problems(of(**{name: value}))] == [f"ACUDE_{name.upper()}"]


@pytest.mark.parametrize(
    "changes",
    [
        {"risk_url": "", "airflow_url": "", "s3_endpoint": None},
        {"risk_dsn": "postgresql://banco.example/risco?application_name=a&sslmode=verify-ca"},
        {"risk_dsn": "host=banco.example sslmode = 'verify-full'"},
        {"valkey_url": "rediss://memoria.example:6379?ssl_cert_reqs=required"},
        {"velocity_key_before": "k" * 32},
    ],
)
def test_safe_settings_start_however_they_are_written(changes: dict[str, Any]) -> None:
    require_safe(of(**changes))


def test_all_of_them_are_named_at_once() -> None:
    assert len(problems(Settings(_env_file=None))) > 3  # type: ignore[call-arg]


def test_on_one_machine_they_are_as_they_are() -> None:
    require_safe(Settings(_env_file=None))  # type: ignore[call-arg]


def test_a_process_of_the_profile_does_not_start_with_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACUDE_PROFILE", "production")
    monkeypatch.setenv("ACUDE_VAR", str(tmp_path))
    settings.cache_clear()
    try:
        with pytest.raises(AcudeError, match="ACUDE_BLACKLIST_URL is empty"):
            settings()
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize("profile", ["local", "production"])
def test_a_variable_of_a_former_name_is_not_passed_over(monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    monkeypatch.setenv("ACUDE_PROFILE", profile)
    monkeypatch.setenv("ACUDE_TLS", "true")
    settings.cache_clear()
    try:
        with pytest.raises(AcudeError, match="ACUDE_TLS is no setting any more") as caught:
            settings()
        assert "ACUDE_KAFKA_TLS" in caught.value.next_step
    finally:
        monkeypatch.undo()
        settings.cache_clear()

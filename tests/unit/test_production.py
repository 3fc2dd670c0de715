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
    "tls": True,
    "oauth_issuer": "https://contas.loja.example",
    "oauth_jwks_url": "https://contas.loja.example/jwks.json",
    "oauth_token_url": "https://contas.loja.example/token",
    "blacklist_url": "https://lista.example/consultas",
    "webhook_url": "https://loja.example/avisos",
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
        ("tls", False),
        ("expire_after", timedelta(hours=23)),
        ("risk_dsn", "postgresql://risco@banco.example/risco"),
        ("risk_read_dsn", "postgresql://risco@banco.example/risco?sslmode=prefer"),
        ("valkey_url", "redis://memoria.example:6379"),
        ("spark_remote", "sc://lote.example:15002/;token=t;use_ssl=false"),
    ],
)
def test_an_unsafe_setting_is_refused_by_its_name_and_without_its_value(name: str, value: object) -> None:
    with pytest.raises(AcudeError) as caught:
        require_safe(of(**{name: value}))
    assert f"ACUDE_{name.upper()}" in str(caught.value)
    assert len(problems(of(**{name: value}))) == 1
    assert not value or str(value) not in str(caught.value)


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

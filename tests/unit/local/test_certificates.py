"""Certificates last, and are made again in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pydantic import SecretStr

from acude.local import certificates
from acude.local.environment import ensure_local_env, local_values
from acude.local.errors import PlatformError
from acude.local.platform import Platform
from acude.local.servers.airflow import airflow_cfg
from acude.local.supervisor import Supervisor
from acude.settings import Settings


def bare(var: Path, *, tls: bool = True) -> Settings:
    return Settings(_env_file=None, var=var, local_tls=tls)  # type: ignore[call-arg]


def ensure(config: Settings) -> None:
    certificates.ensure(config.var / "tls", config.listens_to)


def test_a_second_start_keeps_them(tmp_path: Path) -> None:
    config = bare(tmp_path)
    ensure(config)
    before = certificates.authority(config).read_bytes(), certificates.server(config).read_bytes()
    ensure(config)
    assert (certificates.authority(config).read_bytes(), certificates.server(config).read_bytes()) == before


def test_before_they_run_out_there_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = bare(tmp_path)
    with monkeypatch.context() as short:
        short.setattr(certificates, "_LIFETIME", timedelta(days=20))
        ensure(config)
    before = certificates.authority(config).read_bytes()
    ensure(config)
    assert certificates.authority(config).read_bytes() != before
    leaf = x509.load_pem_x509_certificate(certificates.server(config).read_bytes())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(certificates.authority(config).read_bytes()))
    assert leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


def names_of(config: Settings) -> set[str]:
    leaf = x509.load_pem_x509_certificate(certificates.server(config).read_bytes())
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(one.value) for one in found}


def test_it_names_every_host_and_the_address_where_servers_listen(tmp_path: Path) -> None:
    told = {"hosts": ("shop.example", "10.0.0.7"), "bind": "127.0.0.2"}
    config = bare(tmp_path).model_copy(update=told)
    ensure(config)
    assert names_of(config) == {"127.0.0.1", "127.0.0.2", "localhost", "shop.example", "10.0.0.7"}


def test_a_name_that_it_lacks_gets_it_made_again(tmp_path: Path) -> None:
    ensure(bare(tmp_path))
    config = bare(tmp_path).model_copy(update={"hosts": ("shop.example",)})
    assert certificates.unnamed(tmp_path / "tls", config.listens_to) == {"shop.example"}
    ensure(config)
    assert certificates.unnamed(tmp_path / "tls", config.listens_to) == set()
    assert "shop.example" in names_of(config)


def test_servers_that_run_keep_their_certificate_and_who_needs_another_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_local_env(bare(tmp_path))
    ensure(bare(tmp_path))
    before = certificates.server(bare(tmp_path)).read_bytes()
    monkeypatch.setattr(Supervisor, "is_running", lambda _: True)
    with pytest.raises(PlatformError, match=r"does not name shop\.example"):
        Platform(bare(tmp_path).model_copy(update={"hosts": ("shop.example",)})).up([])
    assert certificates.server(bare(tmp_path)).read_bytes() == before


def test_every_address_asks_for_it_and_says_whom_to_trust(tmp_path: Path) -> None:
    config = bare(tmp_path)
    values = local_values(config, {})
    authority = str(certificates.authority(config))
    for name in ("risk_dsn", "shop_dsn", "warehouse_dsn", "airflow_dsn"):
        assert values[name].endswith(f"?sslmode=verify-full&sslrootcert={authority}")
    assert values["valkey_url"].startswith("rediss://")
    assert authority in values["valkey_url"]
    for name in ("risk_url", "oauth_issuer", "oauth_jwks_url", "oauth_token_url"):
        assert values[name].startswith("https://")


def test_without_it_nothing_is_left_of_it(tmp_path: Path) -> None:
    # None of them can be part of a drawn secret.
    marks = {"\nACUDE_LOCAL_TLS", "\nACUDE_TLS_", "?ssl", "rediss://", "https://"}

    def written(*, tls: bool) -> set[str]:
        ensure_local_env(bare(tmp_path, tls=tls))
        text = (tmp_path / "local.env").read_text()
        return {mark for mark in marks if mark in text}

    assert written(tls=True) == marks
    assert written(tls=False) == set()


def test_airflows_second_driver_has_the_option_by_its_own_name(tmp_path: Path) -> None:
    text = airflow_cfg(ensure_local_env(bare(tmp_path)))
    (line,) = [one for one in text.splitlines() if one.startswith("sql_alchemy_conn_async")]
    assert line.endswith("/airflow?ssl=verify-full")
    assert "sslmode" not in line


def test_airflow_asks_for_tls_where_its_database_has_it_whatever_kafka_has(tmp_path: Path) -> None:
    def line_of(dsn: str, *, tls: bool) -> str:
        config = bare(tmp_path, tls=tls).model_copy(update={"airflow_dsn": SecretStr(dsn)})
        (line,) = [one for one in airflow_cfg(config).splitlines() if one.startswith("sql_alchemy_conn_async")]
        return line.rpartition("/")[2]

    assert line_of("postgresql://a:b@h:5432/airflow", tls=True) == "airflow"
    assert line_of("postgresql://a:b@h:5432/airflow?sslmode=require", tls=False) == "airflow?ssl=require"

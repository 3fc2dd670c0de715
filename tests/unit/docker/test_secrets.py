"""`acude docker secrets`: drawn once, kept, and closed to other users of the machine."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from acude.local import certificates, containers


def test_secrets_are_drawn_once_and_kept(tmp_path: Path) -> None:
    names = containers.draw(tmp_path)
    before = {name: (tmp_path / name).read_text() for name in names}
    (tmp_path / "acude_s3_secret_key").unlink()

    assert containers.draw(tmp_path) == names
    changed = {name for name in names if (tmp_path / name).read_text() != before[name]}
    assert changed == {"acude_s3_secret_key"}


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    for one in ("a", "b"):
        containers.draw(tmp_path / one)
    same = [
        path.name
        for path in (tmp_path / "a").iterdir()
        if path.read_text() and path.read_text() == (tmp_path / "b" / path.name).read_text()
    ]
    assert same == []


def test_each_kafka_user_has_a_password_of_its_own_and_that_of_a_users_own_kafka_is_kept(tmp_path: Path) -> None:
    drawn = {name: (tmp_path / name).read_text() for name in containers.draw(tmp_path) if name.startswith("kafka_")}
    assert {"kafka_acude", "kafka_payers", "kafka_risk-worker", "kafka_airflow"} <= drawn.keys()
    assert len(set(drawn.values())) == len(drawn)
    (tmp_path / "kafka_minha").write_text("segredo")
    containers.draw(tmp_path)
    assert {name: (tmp_path / name).read_text() for name in drawn} == drawn
    assert (tmp_path / "kafka_minha").read_text() == "segredo"


def certificate(folder: Path) -> bytes:
    return (folder / certificates.SERVER).read_bytes()


def test_the_gateways_certificate_is_kept_until_it_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(certificates, "_LIFETIME", timedelta(days=20))
        containers.draw(tmp_path)
    old = certificate(tmp_path)
    containers.draw(tmp_path)
    new = certificate(tmp_path)
    assert new != old
    containers.draw(tmp_path)
    assert certificate(tmp_path) == new


def test_a_gateways_certificate_that_lacks_its_name_is_made_again(tmp_path: Path) -> None:
    certificates.make(tmp_path)
    containers.draw(tmp_path)
    assert certificates.unnamed(tmp_path, ["gateway"]) == set()


def test_the_folder_is_its_owners_and_the_files_may_be_read_by_whoever_is_given_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    names = containers.draw(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in names} == {0o444}


def test_what_this_machine_is_told_does_not_reach_the_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = containers.values({})
    monkeypatch.setitem(os.environ, "ACUDE_KAFKA_BOOTSTRAP", "elsewhere:9")
    monkeypatch.setitem(os.environ, "ACUDE_S3_PORT", "1")
    found = containers.values({})
    assert {name: value for name, value in found.items() if not containers.is_secret(name)} == {
        name: value for name, value in plain.items() if not containers.is_secret(name)
    }


def test_a_quote_in_a_password_ends_no_statement() -> None:
    sql = containers.init_sql(["postgresql://a:b%27c@h:5432/d"], "postgresql://a:x@h:5432/d", "p'; DROP TABLE t; --")
    assert "PASSWORD 'b''c'" in sql
    assert "PASSWORD 'p''; DROP TABLE t; --'" in sql

"""What lies in S3: unreadable, and no part of it can be changed unseen."""

import json
import subprocess

import pytest
from pydantic import SecretStr

from acude import aws
from acude.backup.storage import Storage
from acude.backup_keys import KeyRing, draw
from acude.local.servers import postgres
from acude.settings import Settings, settings
from tests.integration.backup.conftest import CPF_TOKEN, SECRET, Acude, everything, files_below, run

NEEDLES = (SECRET.encode(), CPF_TOKEN.encode())


def put(config: Settings, name: str, body: bytes) -> None:
    aws.s3(config).put_object(Bucket=config.backup_bucket, Key=name, Body=body)


def problems(acude: Acude, backup_id: str) -> dict[str, str]:
    """What `verify` finds, by database."""
    answer = json.loads(acude("verify", backup_id, "--json", code=1).stdout)
    assert not answer["valido"]
    return {one["banco"]: one["problema"] for one in answer["bancos"] if one["problema"]}


def test_neither_a_secret_text_nor_a_document_s_token_is_to_be_found(
    config: Settings, storage: Storage, made: dict[str, bytes], backup_id: str
) -> None:
    # It is in the backup: with the key it can be read.
    dump = b"".join(storage.read(backup_id, "loja.pgdump"))
    text = subprocess.run(
        [postgres.program("pg_restore"), "--file=-"], input=dump, env={}, capture_output=True, check=True
    ).stdout
    assert all(needle in text for needle in NEEDLES)
    # A dump holds names and comments uncompressed, so that one that isn't encrypted would show here.
    assert SECRET.encode() in dump
    assert len(made) == 6
    for name, body in made.items():
        assert not [needle for needle in (*NEEDLES, b"PGDMP", b"CREATE ROLE", b"cofre") if needle in body], name
    # Nor in what the object store has written to its disk.
    on_disk = list(files_below(config.var / "s3"))
    assert any(made[f"{backup_id}/loja.pgdump"][:100] in body for body in on_disk)
    assert not [needle for needle in NEEDLES if any(needle in body for body in on_disk)]


def flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def test_damage_is_said_and_the_server_is_not_touched(
    config: Settings, acude: Acude, made: dict[str, bytes], backup_id: str
) -> None:
    put(config, f"{backup_id}/loja.pgdump", flipped(made[f"{backup_id}/loja.pgdump"]))
    put(config, f"{backup_id}/risco.pgdump", made[f"{backup_id}/risco.pgdump"][:-1])
    put(config, f"{backup_id}/warehouse.pgdump", made[f"{backup_id}/airflow.pgdump"])
    # A restore would set it back.
    run(config, "postgres", "ALTER ROLE leitor CONNECTION LIMIT 5")
    before = everything(config)

    said = "{} was changed, cut, or put in another file's place."
    damaged = {one: said.format(f"{backup_id}/{one}.pgdump") for one in ("loja", "risco", "warehouse")}
    assert problems(acude, backup_id) == damaged
    for one, problem in damaged.items():
        refused = acude("restore", backup_id, "--database", "airflow", "--database", one, "--overwrite", code=1)
        assert problem in refused.stderr.replace("\n", " ")
        assert "Traceback" not in refused.stderr
    assert everything(config) == before
    run(config, "postgres", "ALTER ROLE leitor CONNECTION LIMIT 3")


def test_damaged_roles_are_said_and_nothing_is_restored(
    config: Settings, acude: Acude, made: dict[str, bytes], backup_id: str
) -> None:
    name = f"{backup_id}/papeis.sql"
    put(config, name, flipped(made[name]))
    run(config, "loja", "CREATE TABLE depois (n integer)")

    refused = acude("restore", "--database", "loja", "--overwrite", code=1)
    assert f"{name} was changed" in refused.stderr.replace("\n", " ")
    assert run(config, "loja", "SELECT n FROM depois") == []
    run(config, "loja", "DROP TABLE depois")


def test_a_file_that_is_gone_is_named(config: Settings, acude: Acude, backup_id: str) -> None:
    aws.s3(config).delete_object(Bucket=config.backup_bucket, Key=f"{backup_id}/risco.pgdump")

    missing = f"{backup_id}/risco.pgdump is missing in bucket {config.backup_bucket}."
    assert problems(acude, backup_id) == {"risco": missing}


def test_one_backups_files_can_not_stand_in_for_anothers(
    config: Settings, acude: Acude, storage: Storage, made: dict[str, bytes], backup_id: str
) -> None:
    later = json.loads(acude("create", "--json").stdout)["id"]
    put(config, f"{later}/risco.pgdump", made[f"{backup_id}/risco.pgdump"])
    assert problems(acude, later) == {
        "risco": f"{later}/risco.pgdump was changed, cut, or put in another file's place."
    }

    put(config, f"{later}/manifesto", made[f"{backup_id}/manifesto"])
    refused = acude("verify", later, code=1)
    assert f"The manifest of {later} can't be opened" in refused.stderr.replace("\n", " ")
    assert storage.manifest(backup_id)


def test_a_changed_manifest_is_refused(config: Settings, acude: Acude, made: dict[str, bytes], backup_id: str) -> None:
    name = f"{backup_id}/manifesto"
    put(config, name, flipped(made[name]))

    for words in (["verify"], ["restore", "--overwrite"]):
        refused = acude(*words, code=1)
        assert f"The manifest of {backup_id} can't be opened: it was changed" in refused.stderr.replace("\n", " ")
    (row,) = json.loads(acude("list", "--json").stdout)
    assert not row["completo"]
    assert "can't be opened" in row["problema"]


@pytest.mark.usefixtures("backup_id")
@pytest.mark.parametrize("ring", [KeyRing([draw("k1")]), KeyRing([draw("k8"), draw("k7")])])
def test_a_wrong_key_is_said(acude: Acude, monkeypatch: pytest.MonkeyPatch, ring: KeyRing) -> None:
    monkeypatch.setenv("ACUDE_BACKUP_KEYS", ring.text())

    for words in (["verify"], ["restore", "--overwrite"]):
        refused = acude(*words, code=1)
        assert f"another key than those at hand ({ring.names})" in refused.stderr.replace("\n", " ")
        assert "into ACUDE_BACKUP_KEYS" in refused.stderr.replace("\n", " ")
        assert ring.newest.secret not in refused.output


def test_a_new_key_makes_new_backups_and_the_old_one_reads_its_own(
    config: Settings, acude: Acude, backup_id: str, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = config.backup_keys
    rotated = json.loads(acude("rotate-key", "--json").stdout)
    newer = json.loads(acude("create", "--json").stdout)

    assert rotated["chave"] == newer["chave"] != storage.keys.newest.name
    listed = {one["id"]: one["manifesto"]["chave"] for one in json.loads(acude("list", "--json").stdout)}
    assert listed == {newer["id"]: newer["chave"], backup_id: storage.keys.newest.name}
    both = Storage(settings())
    assert b"".join(both.read(backup_id, "loja.pgdump")) == b"".join(storage.read(backup_id, "loja.pgdump"))
    newest = KeyRing([both.keys.newest])
    assert old != SecretStr(newest.text())
    monkeypatch.setenv("ACUDE_BACKUP_KEYS", newest.text())
    acude("verify", newer["id"])
    acude("verify", backup_id, code=1)
    # The file has other keys than these: which of them would be the newest?
    assert "aren't those of" in acude("rotate-key", code=1).stderr.replace("\n", " ")

"""What lies in S3: unreadable, and no part of it can be changed unseen."""

import json
import subprocess
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from acude import aws
from acude.backup.choose import chosen
from acude.backup.chunks import CHUNK, HEAD_SIZE, TAG_SIZE
from acude.backup.keys import KeyRing, draw
from acude.backup.load import Source
from acude.backup.storage import Storage
from acude.local.servers import postgres
from acude.settings import Settings, settings
from tests.integration.backup.conftest import CPF_TOKEN, SECRET, Acude, everything, files_below, objects

STEP = CHUNK + TAG_SIZE
NEEDLES = (SECRET.encode(), CPF_TOKEN.encode())


@pytest.fixture
def backup_id(acude: Acude) -> str:
    return str(json.loads(acude("create", "--json").stdout)["id"])


def test_neither_a_secret_text_nor_a_document_s_token_is_to_be_found(
    config: Settings, storage: Storage, keys: KeyRing, backup_id: str
) -> None:
    stored = objects(config)

    # It is in the backup: whoever has the key reads it.
    manifest = chosen(storage, keys, backup_id)
    shop = manifest.database("loja")
    assert shop
    dump = b"".join(Source(storage, manifest, keys).dump(shop))
    text = subprocess.run(
        [postgres.program("pg_restore"), "--file=-"], input=dump, env={}, capture_output=True, check=True
    ).stdout
    assert all(needle in text for needle in NEEDLES)
    # A dump holds names and comments uncompressed, so that one that isn't encrypted would show here.
    assert SECRET.encode() in dump
    assert len(stored) == 6
    for name, body in stored.items():
        assert not [needle for needle in (*NEEDLES, b"PGDMP", b"CREATE ROLE") if needle in body], name
    # Nor in what the object store has written to its disk.
    on_disk = list(files_below(config.var / "s3"))
    assert any(b"ACUDEBK1" in body for body in on_disk)
    assert not [needle for needle in NEEDLES if any(needle in body for body in on_disk)]


def flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def cut(body: bytes) -> bytes:
    return body[:-1]


def cut_between_chunks(body: bytes) -> bytes:
    return body[: HEAD_SIZE + STEP]


def swapped(body: bytes) -> bytes:
    first, second = body[HEAD_SIZE : HEAD_SIZE + STEP], body[HEAD_SIZE + STEP : HEAD_SIZE + 2 * STEP]
    assert len(second) == STEP
    return body[:HEAD_SIZE] + second + first + body[HEAD_SIZE + 2 * STEP :]


def longer(body: bytes) -> bytes:
    return body + body[HEAD_SIZE : HEAD_SIZE + STEP]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flipped, "of {name} was changed or cut, or isn't in its place."),
        (cut, "of {name} was changed or cut, or isn't in its place."),
        (cut_between_chunks, "The end of {name} is missing."),
        (swapped, "Chunk 1 of {name} was changed or cut, or isn't in its place."),
        (longer, "of {name} was changed or cut, or isn't in its place."),
        (lambda _: b"", "{name} isn't an encrypted backup of this kind, or its beginning is missing."),
    ],
)
def test_damage_is_said_and_nothing_of_it_is_restored(
    config: Settings, acude: Acude, backup_id: str, damage: Callable[[bytes], bytes], said: str
) -> None:
    name = f"{backup_id}/loja.pgdump"
    aws.s3(config).put_object(Bucket=config.backup_bucket, Key=name, Body=damage(objects(config, name)[name]))
    before = everything(config)

    verdicts = json.loads(acude("verify", backup_id, "--json", code=1).stdout)
    problems = {one["banco"]: one["problema"] for one in verdicts["bancos"]}
    assert not verdicts["valido"]
    assert said.format(name=name) in problems.pop("loja")
    assert set(problems.values()) == {None}
    refused = acude("restore", backup_id, "--overwrite", code=1)
    assert said.format(name=name) in refused.stderr.replace("\n", " ")
    assert "Traceback" not in refused.stderr
    assert everything(config) == before


def test_a_file_that_is_gone_is_named(config: Settings, acude: Acude, backup_id: str) -> None:
    aws.s3(config).delete_object(Bucket=config.backup_bucket, Key=f"{backup_id}/risco.pgdump")

    verdicts = json.loads(acude("verify", "--json", code=1).stdout)["bancos"]
    (problem,) = [one["problema"] for one in verdicts if one["problema"]]
    assert problem == f"{backup_id}/risco.pgdump is missing in bucket {config.backup_bucket}."


def test_one_backups_file_can_not_stand_in_for_anothers(config: Settings, acude: Acude, backup_id: str) -> None:
    later = json.loads(acude("create", "--json").stdout)["id"]
    old = objects(config)[f"{backup_id}/risco.pgdump"]
    aws.s3(config).put_object(Bucket=config.backup_bucket, Key=f"{later}/risco.pgdump", Body=old)

    verdicts = json.loads(acude("verify", later, "--json", code=1).stdout)["bancos"]
    (problem,) = [one["problema"] for one in verdicts if one["problema"]]
    assert "Chunk 1 of" in problem


def test_a_changed_manifest_is_refused(config: Settings, acude: Acude, backup_id: str) -> None:
    name = f"{backup_id}/manifesto.json"
    body = objects(config, name)[name].replace(b'"public.vazia": 0', b'"public.vazia": 1')
    aws.s3(config).put_object(Bucket=config.backup_bucket, Key=name, Body=body)

    for words in (["verify"], ["restore", "--overwrite"]):
        refused = acude(*words, code=1)
        assert f"The manifest of {backup_id} was changed" in refused.stderr.replace("\n", " ")
    (row,) = json.loads(acude("list", "--json").stdout)
    assert not row["completo"]
    assert "was changed" in row["problema"]


@pytest.mark.usefixtures("backup_id")
@pytest.mark.parametrize(
    ("ring", "said"),
    [
        (KeyRing([draw("k1")]), "the key 'k1' at hand isn't the one it was made with"),
        (KeyRing([draw("k2")]), "made with key 'k1', which isn't among the keys at hand"),
    ],
)
def test_a_wrong_key_is_said(acude: Acude, monkeypatch: pytest.MonkeyPatch, ring: KeyRing, said: str) -> None:
    monkeypatch.setenv("ACUDE_BACKUP_KEYS", ring.text())

    for words in (["verify"], ["restore", "--overwrite"]):
        refused = acude(*words, code=1)
        assert said in refused.stderr.replace("\n", " ")
        assert "ACUDE_BACKUP_KEYS" in refused.stderr


def test_a_new_key_makes_new_backups_and_the_old_one_reads_its_own(
    config: Settings, acude: Acude, backup_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = config.backup_keys
    rotated = json.loads(acude("rotate-key", "--json").stdout)
    newer = json.loads(acude("create", "--json").stdout)

    assert rotated["chave"] == newer["chave"]
    assert {one["manifesto"]["chave"] for one in json.loads(acude("list", "--json").stdout)} == {"k1", newer["chave"]}
    for one in (backup_id, newer["id"]):
        acude("verify", one)
    newest = KeyRing([KeyRing.parse(settings().backup_keys.get_secret_value()).newest])
    assert old != SecretStr(newest.text())
    monkeypatch.setenv("ACUDE_BACKUP_KEYS", newest.text())
    acude("verify", newer["id"])
    acude("verify", backup_id, code=1)
    # The file has other keys than these: which of them would be the newest?
    assert "aren't those of" in acude("rotate-key", code=1).stderr.replace("\n", " ")

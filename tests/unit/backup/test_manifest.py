import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from acude.backup.errors import BackupError, DamagedError, WrongKeyError
from acude.backup.keys import KeyRing, draw
from acude.backup.manifest import Manifest, StoredDatabase, StoredFile

ID = "20261123T012628123456Z-1a2b3c"
AT = datetime(2026, 11, 23, 1, 26, 28, tzinfo=UTC)
KEY = draw("k1")
KEYS = KeyRing([KEY])
RISCO = StoredDatabase(
    banco="risco", dono="risco", instante=AT, tabelas={"public.ação": 3}, arquivo="risco.pgdump", tamanho=9, sha256="ab"
)
MANIFEST = Manifest(
    id=ID,
    criado_em=AT,
    concluido_em=AT,
    chave="k1",
    versao_acude="0.1.0",
    versao_servidor="18.4",
    papeis=StoredFile(arquivo="papeis.sql", tamanho=1, sha256="cd"),
    bancos=[RISCO],
)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(MANIFEST.signed(KEY))
    change(document)
    return json.dumps(document).encode()


def test_a_manifest_is_read_as_it_was_written_by_whatever_spells_its_json() -> None:
    stored = MANIFEST.signed(KEY)

    assert Manifest.read(stored, ID, KEYS) == MANIFEST
    assert Manifest.read(json.dumps(json.loads(stored)).encode(), ID, KEYS) == MANIFEST


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["manifesto"]["bancos"][0]["tabelas"].update({"public.ação": 2}),
        lambda d: d["manifesto"]["bancos"].pop(),
        lambda d: d["manifesto"].update(criado_em="2030-01-01T00:00:00Z"),
        lambda d: d["manifesto"].update(mais=1),
        lambda d: d.update(autenticacao="0" * 64),
    ],
)
def test_a_changed_manifest_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(WrongKeyError, match=f"The manifest of {ID} was changed, or the key 'k1' at hand"):
        Manifest.read(changed(change), ID, KEYS)


def test_another_key_of_the_same_name_is_refused() -> None:
    with pytest.raises(WrongKeyError, match="isn't the one it was made with"):
        Manifest.read(MANIFEST.signed(KEY), ID, KeyRing([draw("k1")]))


def test_a_manifest_that_names_an_unknown_key_is_refused() -> None:
    with pytest.raises(WrongKeyError, match="'k9', which isn't among the keys at hand"):
        Manifest.read(changed(lambda d: d["manifesto"].update(chave="k9")), ID, KEYS)


def test_another_backups_manifest_is_refused() -> None:
    with pytest.raises(DamagedError, match=f"belongs to another backup, {ID}"):
        Manifest.read(MANIFEST.signed(KEY), "20261124T012628123456Z-1a2b3c", KEYS)


@pytest.mark.parametrize(
    "stored", [b"", b"{", b"[]", b'{"manifesto": 1}', b'{"manifesto": {}, "autenticacao": 1}', b"\xff"]
)
def test_what_is_no_manifest_is_said_to_be_none(stored: bytes) -> None:
    with pytest.raises(BackupError, match="can't be read"):
        Manifest.read(stored, ID, KEYS)


def test_a_manifest_of_a_later_form_is_not_guessed_at() -> None:
    later = MANIFEST.model_copy(update={"formato": 2})

    with pytest.raises(DamagedError, match="of a form that this version of acude doesn't know"):
        Manifest.read(later.signed(KEY), ID, KEYS)

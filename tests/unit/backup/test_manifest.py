from datetime import UTC, datetime

import pytest

from acude.backup.errors import DamagedError
from acude.backup.manifest import Manifest, StoredDatabase, StoredFile

AT = datetime(2026, 11, 23, 1, 26, 28, tzinfo=UTC)
RISCO = StoredDatabase(
    banco="risco", dono="risco", instante=AT, tabelas={"public.ação": 3, "b": 4}, arquivo="risco.pgdump", tamanho=9
)
MANIFEST = Manifest(
    id="20261123T012628123456Z-1a2b3c",
    criado_em=AT,
    concluido_em=AT,
    chave="k1",
    versao_acude="0.1.0",
    versao_servidor="18.4",
    papeis=StoredFile(arquivo="papeis.sql", tamanho=1),
    bancos=[RISCO],
)
TEXT = MANIFEST.model_dump_json()


def test_a_manifest_is_read_as_it_was_written() -> None:
    read = Manifest.read(TEXT.encode())

    assert read == MANIFEST
    assert (read.size, read.bancos[0].linhas) == (10, 7)


@pytest.mark.parametrize(
    "stored",
    ["", "{", "[]", TEXT.replace('"formato":2', '"formato":3'), TEXT.replace("{", '{"mais":1,', 1)],
)
def test_a_manifest_of_another_form_is_not_guessed_at(stored: str) -> None:
    with pytest.raises(DamagedError, match="of a form that this version of acude doesn't know"):
        Manifest.read(stored.encode())

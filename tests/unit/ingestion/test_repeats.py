"""Which records are the same event, and which of them silver keeps."""

from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.hashes import content_hashes
from tests.unit.ingestion.event_records import HEADERS, LANDED, event, parts_of, records, refined, without_id


def test_an_event_without_an_id_counts_as_often_as_it_comes() -> None:
    _, found = refined(records(without_id(), without_id()))
    assert found.silver["id_evento"].to_pylist() == [None, None]


def test_an_event_without_an_id_that_is_replayed_twice_counts_once() -> None:
    part, found = refined(records(without_id(), without_id(), replay_of=b"eventos_clientes/3/128"))
    assert found.silver["deslocamento"].to_pylist() == [0]
    assert found.silver["id_evento"].to_pylist() == ["reenvio:eventos_clientes/3/128"]
    assert found.duplicates["deslocamento"].to_pylist() == [1]
    once = parts_of(records(without_id()))[0].accepted["hash_conteudo"][0]
    assert set(part.accepted["hash_conteudo"].to_pylist()) == {once.as_py()}


def test_a_replay_keeps_the_id_that_its_event_has() -> None:
    _, found = refined(records(event(1), replay_of=b"eventos_clientes/3/128"))
    assert found.silver["id_evento"].to_pylist() == ["e1"]


@pytest.mark.parametrize("header", [b"eventos_clientes", b"\xff", b"", b"eventos_clientes/0/1\n"])
def test_a_header_that_names_no_record_gives_no_id(header: bytes) -> None:
    batch = records(without_id())
    headers = pa.array([[{"chave": "acude-reenvio-de", "valor": header}]], HEADERS)
    _, found = refined(batch.set_column(batch.schema.get_field_index("cabecalhos"), "cabecalhos", headers))
    assert found.silver["id_evento"].to_pylist() == [None]


def test_a_batch_that_runs_again_has_no_repeats() -> None:
    index = DedupIndex()
    batch = records(event(1), event(2))
    refined(batch, index)
    _, again = refined(batch, index)
    assert again.silver.num_rows == 2


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ((0, "transacoes", 7, 9), (3, "transacoes", 0, 0)),
        ((0, "transacoes_pix", 0, 0), (3, "transacoes", 0, 0)),
        ((0, "transacoes", 7, 9), (0, "transacoes_pix", 0, 0)),
        ((0, "transacoes_carteira", 1, 0), (0, "transacoes_pix", 0, 0)),
        ((0, "transacoes", 1, 9), (0, "transacoes", 2, 0)),
        ((0, "transacoes", 1, 8), (0, "transacoes", 1, 9)),
    ],
)
def test_silver_keeps_what_the_broker_took_first_then_by_topic_partition_and_offset(
    earlier: tuple[int, str, int, int], later: tuple[int, str, int, int]
) -> None:
    places = [later, earlier]
    batch = records(pix("300.00"), pix("1.00"))
    for at, values in enumerate(zip(*places, strict=True)):
        name = ("carimbo_kafka", "topico", "particao", "deslocamento")[at]
        column = [LANDED + timedelta(seconds=int(one)) for one in values] if at == 0 else list(values)
        batch = batch.set_column(
            batch.schema.get_field_index(name), name, pa.array(column, batch.schema.field(name).type)
        )
    _, found = refined(batch)
    assert found.silver["valor"].to_pylist() == [Decimal("1.00")]
    assert found.contradictory["deslocamento"].to_pylist() == [later[3]]


@pytest.mark.parametrize(
    ("headers", "owner"),
    [
        ([("id_cliente", b"4111111111111111")], None),
        ([("id_cliente", b"loja52998224725")], None),
        ([("id_cliente", b"loja")], "loja"),
        ([("id_rastro", b"x"), ("id_cliente", b"outra"), ("id_cliente", b"loja")], "loja"),
        ([("id_cliente", b"loja"), ("id_cliente", b"a/b")], None),
        ([("id_cliente", b"loja\n")], None),
        ([("id_cliente", b"\xff")], None),
        ([("id_cliente", None)], None),
        ([], None),
        (None, None),
    ],
)
def test_a_payment_is_known_by_client_and_id(headers: list[tuple[str, bytes | None]] | None, owner: str | None) -> None:
    batch = records(pix("1.00"), pix("1.00"), pix("2.00"), topic="transacoes")
    at = batch.schema.get_field_index("cabecalhos")
    others = [("id_cliente", b"terceira")]
    batch = batch.set_column(at, "cabecalhos", pa.array([headers, headers, others], batch.schema.field(at).type))
    _, found = refined(batch)
    assert found.silver["id_cliente"].to_pylist() == [owner, "terceira"]
    assert found.silver["valor"].to_pylist() == [Decimal("1.00"), Decimal("2.00")]
    assert found.duplicates["deslocamento"].to_pylist() == [1]


def pix(amount: str) -> bytes:
    """A payment with one id, whatever its amount."""
    return (
        b'{"id_transacao": "t-1", "tipo_pagamento": "pix", "operacao": "pagamento", "valor": %s, "moeda": "BRL", '
        b'"timestamp": "2026-11-22T10:00:00Z", "id_pagador": "p-1", "documento_pagador": "52998224725", '
        b'"id_recebedor": "r-1", "chave_pix": "a@b.example"}'
    ) % amount.encode()


def test_without_an_event_id_nothing_is_a_repeat() -> None:
    anonymous = event(1).replace(b', "id_evento": "e1"', b"")
    _, found = refined(records(anonymous, anonymous))
    assert found.silver.num_rows == 2


@pytest.mark.parametrize(
    "other",
    [
        event(1).replace(b"10:00:00", b"10:00:00Z"),
        event(1).replace(b'"u1", ', b'"u1",   '),
        b'{"id_evento": "e1", "timestamp": "2026-11-22T10:00:00", "tipo_evento": "clique", "id_usuario": "u1"}',
    ],
)
def test_the_same_fields_written_otherwise_are_the_same_event(other: bytes) -> None:
    _, found = refined(records(event(1), other))
    assert found.duplicates["deslocamento"].to_pylist() == [1]


def test_a_price_is_the_same_however_many_zeros_it_has() -> None:
    one, other = (event(1, tipo_evento="compra", preco="P").replace(b'"P"', price) for price in (b"1.1", b"1.1000"))
    assert refined(records(one, other))[1].duplicates.num_rows == 1


def test_a_field_that_a_contract_gains_does_not_change_the_hash_of_events_without_it() -> None:
    ids = pa.array(["e1", "e2"])
    before = pa.StructArray.from_arrays([ids], names=["id"])
    after = pa.StructArray.from_arrays([ids, pa.nulls(2, pa.string())], names=["id", "novo"])
    assert content_hashes(before).tolist() == content_hashes(after).tolist()


def test_a_value_cannot_pass_for_two_fields() -> None:
    one = pa.StructArray.from_arrays([pa.array(["x\x1fb:1:y"]), pa.array([None], pa.string())], names=["a", "b"])
    two = pa.StructArray.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["a", "b"])
    assert content_hashes(one)[0] != content_hashes(two)[0]

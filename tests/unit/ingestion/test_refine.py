"""What becomes of records: each is in exactly one of silver, quarantine and duplicates."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from acude.contracts.decoder import Decoded as Fields
from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.contracts.model import load, topics
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import find_duplicates
from acude.ingestion.hashes import content_hashes
from acude.ingestion.refine import Decoded, Kept, bronze_rows, decoded, kept, quarantine_rows, with_named_headers
from acude.masking import MASK

POISON = b"{}"
LANDED = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
TOPICS = topics()
TABLES = load()
EVENTS = next(topic for topic in TOPICS if topic.name == "eventos_clientes")


def event(number: int, **changes: object) -> bytes:
    fields = {
        "id_usuario": "u1",
        "tipo_evento": "clique",
        "timestamp": "2026-11-22T10:00:00",
        "id_evento": f"e{number}",
    }
    return str({**fields, **changes}).replace("'", '"').encode()


HEADERS = pa.list_(pa.struct([("chave", pa.string()), ("valor", pa.binary())]))


def records(*payloads: bytes | None, topic: str = "eventos_clientes", replay_of: bytes | None = None) -> pa.Table:
    rows = len(payloads)
    replay = [{"chave": "rastro", "valor": b"1"}, {"chave": "acude-reenvio-de", "valor": replay_of}]
    headers = replay if replay_of else None
    return pa.table(
        {
            "topico": pa.array([topic] * rows),
            "particao": pa.array([0] * rows, pa.int32()),
            "deslocamento": pa.array(range(rows), pa.int64()),
            "carimbo_kafka": pa.array([LANDED] * rows, pa.timestamp("us", tz="UTC")),
            "chave": pa.array([b"k"] * rows, pa.binary()),
            "valor": pa.array(payloads, pa.binary()),
            "cabecalhos": pa.array([headers] * rows, HEADERS),
            "ingerido_em": pa.array([LANDED] * rows, pa.timestamp("us", tz="UTC")),
        }
    )


def parts_of(batch: pa.Table) -> list[Decoded]:
    return list(decoded(batch, [Decoder(topic, Tokens("k1", b"secret")) for topic in TOPICS]))


def refined(batch: pa.Table, index: DedupIndex | None = None) -> tuple[Decoded, Kept]:
    (part,) = parts_of(batch)
    flags = find_duplicates(part.keys, index or DedupIndex(), TOPICS, LANDED)
    assert part.contract
    return part, kept(part.accepted, part.contract, flags, TABLES)


def test_each_record_ends_in_one_table() -> None:
    batch = records(event(1), b"{", event(1), event(1, id_usuario="u2"), None, event(2))
    part, found = refined(batch)
    assert found.silver["deslocamento"].to_pylist() == [0, 5]
    assert found.duplicates["deslocamento"].to_pylist() == [2]
    assert found.contradictory["deslocamento"].to_pylist() == [3]
    assert part.refused["deslocamento"].to_pylist() == [1, 4]
    assert part.refused["motivo"].to_pylist() == ["json_invalido", "vazio"]
    assert found.contradictory["valor"].to_pylist() == [event(1, id_usuario="u2")]
    assert found.duplicates["deslocamento_original"].to_pylist() == [0]


def without_id() -> bytes:
    return event(1).replace(b', "id_evento": "e1"', b"")


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


NUMBERS = (
    "52998224725", "529.982.247-25", "529982247-25", "11222333000181", "4111111111111111", "4111 1111 1111 1111",
    "41111111-11111111",
)  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "payload",
    [
        event(1, id_usuario="tok_4111111111111111", id_produto="{}"),
        event(1, tipo_evento="{}"),
        event(1, quantidade="{}"),
        b'{"{}": 1}',
        b"{} and more",
        b'"u{}@x"',
    ],
)
def test_quarantine_has_no_number_in_clear_in_key_payload_header_or_detail(payload: bytes, number: str) -> None:
    batch = records(payload.replace(b"{}", number.encode()))
    headers = pa.array([[{"chave": f"h-{number}", "valor": number.encode()}, {"chave": "x", "valor": None}]])
    headers = headers.cast(batch.schema.field("cabecalhos").type)
    batch = batch.set_column(batch.schema.names.index("chave"), "chave", pa.array([number.encode()], pa.binary()))
    batch = batch.set_column(batch.schema.names.index("cabecalhos"), "cabecalhos", headers)
    (part,) = parts_of(batch)
    (row,) = quarantine_rows(part.refused, TABLES["silver.quarentena"]).to_pylist()
    assert [one for one in (*NUMBERS, "4111111111111111") if one in repr(row)] == []
    assert row["chave"] == MASK.encode()
    assert row["cabecalhos"] == [{"chave": f"h-{MASK}", "valor": MASK.encode()}, {"chave": "x", "valor": None}]
    # Bronze has all of it: from there a replay takes the bytes.
    assert bronze_rows(batch, TABLES["bronze.eventos"])["valor"].to_pylist() == batch["valor"].to_pylist()


def test_a_contradiction_has_no_document_in_quarantine() -> None:
    _, found = refined(
        records(event(1, id_usuario="52998224725"), event(1, id_usuario="529.982.247-25", id_produto="p"))
    )
    assert found.silver["id_usuario"].to_pylist() == [Tokens("k1", b"secret").of("52998224725")]
    assert found.contradictory["valor"].to_pylist() == [event(1, id_usuario=MASK, id_produto="p")]


def test_a_topic_without_a_contract_is_refused_whole() -> None:
    (part,) = parts_of(records(b"{}", b"x", topic="novo"))
    assert part.contract is None
    assert quarantine_rows(part.refused, TABLES["silver.quarentena"])["motivo"].to_pylist() == ["sem_contrato"] * 2
    assert part.keys["recusado"].to_pylist() == [True, True]


class Failing(Decoder):
    """Ends in an error where a batch holds `POISON`, as Arrow has done."""

    problem: Exception = pa.ArrowInvalid("does not fit")

    def decode(self, payloads: pa.BinaryArray, taken_at: pa.TimestampArray) -> Fields:
        if POISON in payloads.to_pylist():
            raise self.problem
        return super().decode(payloads, taken_at)


def test_a_record_on_which_the_decoder_fails_costs_only_itself() -> None:
    batch = records(event(1), POISON, event(2), event(3), POISON)
    parts = list(decoded(batch, [Failing(EVENTS, Tokens("k1", b"secret"))]))
    accepted = [row for part in parts if part.accepted for row in part.accepted["_deslocamento"].to_pylist()]
    refused = pa.concat_tables([quarantine_rows(part.refused, TABLES["silver.quarentena"]) for part in parts])
    assert accepted == [0, 2, 3]
    assert refused["deslocamento"].to_pylist() == [1, 4]
    assert refused["motivo"].to_pylist() == ["ilegivel", "ilegivel"]
    assert "ArrowInvalid" in refused["detalhe"][0].as_py()
    keys = pa.concat_tables([part.keys for part in parts])
    assert keys["recusado"].to_pylist() == [False, True, False, False, True]


def test_too_little_memory_refuses_no_record() -> None:
    decoder = Failing(EVENTS, Tokens("k1", b"secret"))
    decoder.problem = MemoryError()
    with pytest.raises(MemoryError):
        list(decoded(records(event(1), POISON), [decoder]))


def test_bronze_has_every_record_as_it_came() -> None:
    batch = records(event(1), b"\xff", None)
    assert bronze_rows(batch, TABLES["bronze.eventos"])["valor"].to_pylist() == [event(1), b"\xff", None]


def test_headers_get_bronzes_names_and_keep_their_values() -> None:
    kafkas = pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))
    headers = pa.array([[("traceparent", b"00-1"), ("a", None)], None, []], kafkas)
    came = records(b"{}", b"{}", b"{}").drop_columns("cabecalhos").append_column("cabecalhos", headers)
    named = with_named_headers(came.combine_chunks().to_batches()[0], TABLES["bronze.eventos"])
    first = [{"chave": "traceparent", "valor": b"00-1"}, {"chave": "a", "valor": None}]
    assert bronze_rows(named, TABLES["bronze.eventos"])["cabecalhos"].to_pylist() == [first, None, []]


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

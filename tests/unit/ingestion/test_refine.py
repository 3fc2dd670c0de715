"""What becomes of records: each is in exactly one of silver, quarantine and duplicates."""

import pyarrow as pa
import pytest

from acude.contracts.decoder import Decoded as Fields
from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.ingestion.refine import bronze_rows, decoded, quarantine_rows, with_named_headers
from acude.masking import MASK
from tests.unit.ingestion.event_records import EVENTS, TABLES, event, parts_of, records, refined

POISON = b"{}"


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

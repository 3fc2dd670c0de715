"""Payments: what each type of payment needs and may have, documents, and what stands in their place."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from acude.contracts.decoder import Decoded, Decoder
from acude.contracts.documents import Tokens
from acude.contracts.fields import Refused
from acude.contracts.model import silver_of, table

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DECODER = Decoder(table("topics.transacoes"))
TOKENS = Tokens("k1", b"a test's own key")
CPF, CNPJ, NEW_CNPJ = "52998224725", "11222333000181", "12ABC34501DE35"
CARD = {"token_cartao": "tok_" + "a1" * 12, "entrada": "online"}
PIX = {"chave_pix": "loja@exemplo.com"}


def payment(kind: str, **fields: object) -> bytes:
    """A payment of 10.50, with fields replaced, added, or left out where None."""
    base = {
        "id_transacao": "t1", "tipo_pagamento": kind, "operacao": "pagamento", "valor": 10.5, "moeda": "BRL",
        "timestamp": "2026-11-22T10:00:00Z", "id_pagador": "u1", "documento_pagador": CPF, "id_recebedor": "r1",
    }  # fmt: skip
    return json.dumps({name: value for name, value in (base | fields).items() if value is not None}).encode()


def decode(payload: bytes, tokens: Tokens | None = None) -> Decoded:
    taken_at = pa.array([NOW], pa.timestamp("us", "UTC"))
    return Decoder(table("topics.transacoes"), tokens).decode(pa.array([payload], pa.binary()), taken_at)


@pytest.mark.parametrize(
    "payload",
    [
        payment("pix", **PIX),
        payment("pix", **PIX, uf="SP", latitude=-23.55, longitude=-46.63, ip="203.0.113.9"),
        payment("credito", **CARD),
        payment("credito", **CARD, parcelas=12),
        payment("debito", **CARD),
        payment("boleto", vencimento="2026-12-01"),
        payment("carteira", id_carteira="w1"),
        payment("pix", **PIX, documento_pagador=CNPJ),
        payment("pix", **PIX, documento_pagador=NEW_CNPJ),
        payment("pix", **PIX, operacao="estorno", id_pedido="p1"),
    ],
)
def test_a_payment_with_its_types_fields_is_valid(payload: bytes) -> None:
    decoded = decode(payload)
    assert decoded.refusals == {}
    assert DECODER.one(payload, NOW) == decoded.fields[0].as_py()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (payment("pix"), "campo_ausente"),
        (payment("credito", entrada="chip"), "campo_ausente"),
        (payment("boleto"), "campo_ausente"),
        (payment("pix", **PIX, parcelas=2), "campo_desconhecido"),
        (payment("debito", **CARD, parcelas=2), "campo_desconhecido"),
        (payment("carteira", id_carteira="w1", **PIX), "campo_desconhecido"),
        (payment("pix", **PIX, cvv="123"), "campo_desconhecido"),
        (payment("pix", **PIX, documento_pagador="52998224724"), "documento_invalido"),
        (payment("pix", **PIX, documento_pagador="00000000000"), "documento_invalido"),
        (payment("pix", **PIX, documento_pagador="11222333000182"), "documento_invalido"),
        (payment("pix", **PIX, documento_pagador="529.982.247-25"), "valor_invalido"),
        (payment("credito", token_cartao="4111111111111111", entrada="chip"), "valor_invalido"),
        (payment("dinheiro"), "valor_invalido"),
        (payment("pix", **PIX, moeda="XYZ"), "valor_invalido"),
        (payment("pix", **PIX, valor=0), "valor_invalido"),
        (payment("pix", **PIX, valor=-1), "valor_invalido"),
        (payment("pix", **PIX, valor=10.505), "valor_invalido"),
        (payment("pix", **PIX, valor="10.50"), "tipo_errado"),
        (payment("pix", **PIX, valor=float("nan")), "json_invalido"),
        (payment("pix", **PIX, valor=float("inf")), "json_invalido"),
        (payment("pix", **PIX, valor={"$gt": 0}), "tipo_errado"),
        (payment("pix", **PIX, id_pagador={"$ne": None}), "tipo_errado"),
        (payment("pix", **PIX, id_pagador="${jndi:ldap://x}"), "valor_invalido"),
        (payment("pix", **PIX, id_pagador="u\u0000"), "valor_invalido"),
        (payment("pix", **PIX, id_pagador="u\n"), "valor_invalido"),
        (payment("pix", **PIX, latitude=91), "valor_invalido"),
        (payment("pix", **PIX, timestamp="2026-11-24T10:00:00Z"), "tempo_absurdo"),
        (payment("pix", **PIX, conta_criada_em="0001-01-01T00:00:00+14:00"), "tempo_absurdo"),
        (payment("boleto", vencimento="2026-12-01T00:00:00Z"), "valor_invalido"),
        (payment("pix", **PIX, id_pedido="x" * 9_000), "grande_demais"),
    ],
)
def test_a_payment_that_is_not_as_its_type_is_refused_with_the_reason(payload: bytes, reason: str) -> None:
    refusal = decode(payload).refusals[0]
    assert refusal.reason == reason
    with pytest.raises(Refused) as caught:
        DECODER.one(payload, NOW)
    assert caught.value.refusal == refusal


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0.01", "0.01"),
        ("1e2", "100.00"),
        ("100.000", "100.00"),
        ("100000000", "100000000.00"),
        ("0", None),
        ("0.005", None),
        ("0.009", None),
        ("1e-2000", None),
        ("100000000.01", None),
        ("999999999999999999", None),
        ("1e18", None),
    ],
)
def test_an_amount_has_two_decimals_between_a_cent_and_the_most_and_is_never_rounded(
    text: str, read: str | None
) -> None:
    payload = payment("pix", **PIX).replace(b'"valor": 10.5', b'"valor": ' + text.encode())
    decoded = decode(payload)
    found = decoded.fields[0].as_py()
    assert (str(found["valor"]) if found else None) == read
    if read is None:
        assert decoded.refusals[0].reason == "valor_invalido"
    else:
        assert str(DECODER.one(payload, NOW)["valor"]) == read


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("12ABC34501DE35", None),
        ("ZZZZZZZZZZZZ62", None),
        ("A0000000000A28", None),
        ("0A1B2C3D0E4F37", None),
        ("TDA5FX67000100", None),
        # No register knows it, but nothing says that it can't: only numbers of one digit are left out.
        ("AAAAAAAAAAAA45", None),
        ("11222333000181", None),
        ("00000000191", None),
        ("70000000400", None),
        # Check digits by the letters' place in the alphabet, which some libraries use.
        ("K7R2M9P4000196", "documento_invalido"),
        ("9Z8Y7X6W000175", "documento_invalido"),
        ("11111111111", "documento_invalido"),
        ("99999999999", "documento_invalido"),
        ("00000000000000", "documento_invalido"),
        ("12abc34501de35", "valor_invalido"),
        ("12.ABC.345/01DE-35", "valor_invalido"),
        ("12ABC34501DEX5", "valor_invalido"),
        ("191", "valor_invalido"),
        ("52998224725\n", "valor_invalido"),
    ],
)
def test_a_document_is_taken_by_its_check_digits_in_the_one_way_it_is_written(
    document: str, reason: str | None
) -> None:
    found = decode(payment("pix", **PIX, documento_pagador=document)).refusals.get(0)
    assert (found and found.reason) == reason


@pytest.mark.parametrize(
    "key", ["+5511999998888", NEW_CNPJ, CPF, "a@b.example", "123e4567-e89b-42d3-a456-426655440000"]
)
def test_a_pix_key_of_every_kind_is_taken(key: str) -> None:
    assert decode(payment("pix", chave_pix=key)).refusals == {}


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (NOW + timedelta(minutes=5), True),
        (NOW + timedelta(minutes=5, microseconds=1), False),
        (NOW + timedelta(hours=23), False),
        (NOW - timedelta(days=14), True),
        (NOW - timedelta(days=14, microseconds=1), False),
        (datetime(2000, 1, 2, tzinfo=UTC), False),
    ],
)
def test_a_payments_time_is_near_its_arrival(moment: datetime, taken: bool) -> None:
    payload = payment("pix", **PIX, timestamp=moment.isoformat())
    refusals = decode(payload).refusals
    assert (not refusals) is taken
    if not taken:
        said = f"Expected a time from 14 days before to 5 minutes after its arrival, got {moment.isoformat()}"
        assert refusals[0] == ("tempo_absurdo", f"{said} - at `$.timestamp`")
        with pytest.raises(Refused) as caught:
            DECODER.one(payload, NOW)
        assert caught.value.refusal == refusals[0]
    else:
        assert DECODER.one(payload, NOW)["timestamp"] == moment


def test_each_record_is_measured_at_its_own_arrival() -> None:
    payload = payment("pix", **PIX, timestamp=NOW.isoformat())
    arrivals = pa.array([NOW, NOW + timedelta(days=15), NOW - timedelta(minutes=6)], pa.timestamp("us", "UTC"))
    found = DECODER.decode(pa.array([payload] * 3, pa.binary()), arrivals)
    assert set(found.refusals) == {1, 2}


def test_a_refusal_does_not_quote_the_document() -> None:
    refusal = decode(payment("pix", **PIX, documento_pagador="52998224724")).refusals[0]
    assert "52998224724" not in refusal.detail


def test_a_document_becomes_a_token_that_another_key_would_not_make() -> None:
    found = decode(payment("pix", **PIX), TOKENS).fields[0].as_py()["documento_pagador"]
    assert found == TOKENS.of(CPF)
    assert found.startswith("k1:")
    assert CPF not in found
    assert found != Tokens("k1", b"another key").of(CPF)
    assert decode(payment("pix", **PIX)).fields[0].as_py()["documento_pagador"] == CPF


def test_silver_takes_tokens_where_the_topic_takes_documents() -> None:
    assert silver_of(table("topics.transacoes")).column("documento_pagador").pattern is None

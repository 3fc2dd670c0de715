"""What may become an entry of a list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acude.contracts.documents import Tokens
from acude.payments.lists import EntryError, checked

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOKENS = Tokens("k1", b"secret")
CPF_TOKEN = "k1:8703373cfe3ddad7db2c18dd1ab6ad18"
GOOD: dict[str, Any] = {
    "lista": "bloqueio", "tipo": "id_pagador", "valor": "u17", "dono": "ana", "motivo": "conta tomada",
    "until": NOW + timedelta(days=30),
}  # fmt: skip


def made(**changes: object) -> Any:  # noqa: ANN401
    return checked(**GOOD | changes, now=NOW, tokens=TOKENS)


@pytest.mark.parametrize(
    ("tipo", "given", "stored"),
    [
        ("documento", "52998224725", CPF_TOKEN),
        ("documento", "529.982.247-25", CPF_TOKEN),
        ("documento", CPF_TOKEN, CPF_TOKEN),
        ("documento", "12.ABC.345/01DE-35", TOKENS.of("12ABC34501DE35")),
        ("chave_pix", "52998224725", CPF_TOKEN),
        ("chave_pix", "loja@exemplo.com", TOKENS.of("loja@exemplo.com")),
        ("id_pagador", "u17", "u17"),
        ("token_cartao", "tok_0123456789abcdef", "tok_0123456789abcdef"),
        ("ip", "203.0.113.7", "203.0.113.7"),
        ("ip", "203.0.113.7/32", "203.0.113.7"),
        ("ip", "203.0.113.0/24", "203.0.113.0/24"),
        ("ip", "2001:DB8:0::7", "2001:db8::7"),
        ("ip", "::ffff:203.0.113.7", "203.0.113.7"),
        ("documento", "12abc34501de35", TOKENS.of("12ABC34501DE35")),
        ("chave_pix", "Mula@X.com", TOKENS.of("mula@x.com")),
        ("chave_pix", "+55 11 91234-5678", TOKENS.of("+5511912345678")),
        ("chave_pix", "12.ABC.345/01DE-35", TOKENS.of("12ABC34501DE35")),
        ("chave_pix", "71BE9B2C-7C5F-4D0E-9C1A-0D9B8B0E7A11", TOKENS.of("71be9b2c-7c5f-4d0e-9c1a-0d9b8b0e7a11")),
        ("id_recebedor", "Mula@x.com", "mula@x.com"),
        ("id_recebedor", "529.982.247-25", CPF_TOKEN),
        ("id_carteira", CPF_TOKEN, CPF_TOKEN),
    ],
)
def test_a_value_is_stored_as_payments_are_compared_with_it(tipo: str, given: str, stored: str) -> None:
    assert made(tipo=tipo, valor=given).valor == stored


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lista": "cinza"}, "no list"),
        ({"tipo": "cor"}, "no kind"),
        ({"tipo": "documento", "valor": "52998224724"}, "check digits"),
        ({"tipo": "documento", "valor": ""}, "check digits"),
        ({"tipo": "documento", "valor": "k2:8703373cfe3ddad7db2c18dd1ab6ad18"}, "key k2"),
        ({"valor": ""}, "id_pagador"),
        ({"valor": "u 17"}, "id_pagador"),
        ({"valor": "u17\n"}, "id_pagador"),
        ({"valor": "${jndi:x}"}, "id_pagador"),
        ({"tipo": "token_cartao", "valor": "4111111111111111"}, "token_cartao"),
        ({"tipo": "token_cartao", "valor": "tok_4111111111111111"}, "card number"),
        ({"valor": "4111-1111-1111-1111"}, "card number"),
        ({"motivo": "conta u52998224725"}, "holds a CPF"),
        ({"tipo": "ip", "valor": "203.0.113.7/24"}, "address or network"),
        ({"tipo": "ip", "valor": "localhost"}, "address or network"),
        ({"tipo": "ip", "valor": "0.0.0.0/0"}, "at least /16"),
        ({"tipo": "ip", "valor": "::/0"}, "at least /32"),
        ({"dono": ""}, "owner"),
        ({"dono": "ana souza"}, "owner"),
        ({"dono": "52998224725"}, "owner"),
        ({"dono": "u529.982.247-25@x.com"}, "owner"),
        ({"motivo": "  "}, "reason"),
        ({"motivo": "x" * 201}, "reason"),
        ({"motivo": "a\x1b[2Jb"}, "reason"),
        ({"motivo": "CPF 529.982.247-25 fraudou"}, "holds a CPF"),
        ({"motivo": "CPF 52998224725"}, "holds a CPF"),
        ({"motivo": "empresa 12.ABC.345/01DE-35"}, "holds a CPF"),
        ({"motivo": "cartão 4111 1111 1111 1111"}, "holds a CPF"),
        ({"until": NOW}, "ended already"),
        ({"until": NOW + timedelta(days=800)}, "at most 731 days"),
    ],
)
def test_what_can_be_no_entry_is_refused_in_a_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EntryError) as refusal:
        made(**changes)
    assert said in str(refusal.value)


@pytest.mark.parametrize("number", [digit * length for digit in "0123456789" for length in (11, 14)])
def test_one_digit_throughout_is_no_document(number: str) -> None:
    with pytest.raises(EntryError, match="check digits"):
        made(tipo="documento", valor=number)


@pytest.mark.parametrize("private", ["529.982.247-24", "52998224724", "4111111111111112"])
def test_a_refusal_does_not_quote_what_may_be_a_persons_number(private: str) -> None:
    with pytest.raises(EntryError) as refusal:
        made(tipo="documento", valor=private)
    assert private not in str(refusal.value)


@pytest.mark.parametrize("text", ["pedido 12345678901", "protocolo 2026112300017, caso 12", "3 contas, R$ 12.345,67"])
def test_a_reason_may_hold_other_numbers(text: str) -> None:
    assert made(motivo=text).motivo == text

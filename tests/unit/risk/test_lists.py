"""Which payments an entry is about, and until when."""

from datetime import timedelta

import pytest

from acude.contracts.documents import Tokens
from acude.risk.lists import ALLOW, BLOCK, FIELDS, KEYED, Entry, Listed, Lists, normal
from tests.unit.risk.pasts import NOON, PIX, payment

HOUR = timedelta(hours=1)
TOKENS = Tokens("k1", b"secret")


def entry(tipo: str, valor: str, lista: str = BLOCK, ends: timedelta = HOUR) -> Entry:
    return Entry(lista, tipo, valor, "ana", "teste", NOON - HOUR, NOON + ends)


def token(text: str) -> str:
    return f"k1:{text[::-1]}"


@pytest.mark.parametrize(
    ("tipo", "valor", "found"),
    [
        ("documento", token("52998224725"), True),
        ("documento", "52998224725", False),
        ("id_pagador", "ana", True),
        ("id_pagador", "bia", False),
        ("id_recebedor", "loja", True),
        ("id_recebedor", "ana", False),
        ("id_dispositivo", "celular", True),
        ("id_terminal", "caixa", True),
        ("token_cartao", "tok_azul", True),
        ("chave_pix", token("loja@acude"), False),
        ("id_carteira", "c1", False),
        ("ip", "203.0.113.7", True),
        ("ip", "203.0.113.8", False),
        ("ip", "203.0.113.0/29", True),
        ("ip", "203.0.113.8/29", False),
        ("ip", "2001:db8::/32", False),
    ],
)
def test_an_entry_is_about_the_payments_that_have_its_value(tipo: str, valor: str, found: bool) -> None:
    assert Lists([entry(tipo, valor)], token).of(payment(), NOON) == Listed(bloqueio=found)


def test_a_pix_key_is_compared_by_its_token() -> None:
    assert Lists([entry("chave_pix", "loja@acude")], token).of(payment(**PIX), NOON) == Listed()
    assert Lists([entry("chave_pix", token("loja@acude"))], token).of(payment(**PIX), NOON) == Listed(bloqueio=True)


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        ("2001:db8::7", "2001:db8:0:0:0:0:0:7"),
        ("2001:db8::/64", "2001:db8::ffff"),
        ("203.0.113.7", "::ffff:203.0.113.7"),
        ("203.0.113.0/24", "203.0.113.255"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.0/120", "203.0.113.255"),
        ("203.0.113.7", "::203.0.113.7"),
        ("203.0.113.7", "64:ff9b::cb00:7107"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(listed: str, asked: str) -> None:
    assert Lists([entry("ip", listed)]).of(payment(ip=asked), NOON).bloqueio


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        ("mula@x.com", "Mula@X.com"),
        ("Mula@X.com", "mula@x.com"),
        ("+5511912345678", "+55-11-91234-5678"),
        ("52998224725", "529.982.247-25"),
        ("12ABC34501DE35", "12abc34501de35"),
        ("71BE9B2C-7C5F-4D0E-9C1A-0D9B8B0E7A11", "71be9b2c-7c5f-4d0e-9c1a-0d9b8b0e7a11"),
        ("71be9b2c-7c5f-4d0e-9c1a-0d9b8b0e7a11", "71be9b2c7c5f4d0e9c1a0d9b8b0e7a11"),
        ("+5511912345678", "5511912345678"),
        ("551132345678", "+55-11-3234-5678"),
    ],
)
def test_a_pix_key_is_the_same_however_it_is_written(listed: str, asked: str) -> None:
    stored = token(normal("chave_pix", listed))
    assert Lists([entry("chave_pix", stored)], token).of(payment(**PIX | {"chave_pix": asked}), NOON).bloqueio


def test_an_account_named_by_its_address_is_the_same_however_it_is_written_and_another_is_not() -> None:
    assert Lists([entry("id_pagador", "Mula@x.com")]).of(payment(id_pagador="mula@X.com"), NOON).bloqueio
    assert not Lists([entry("id_pagador", "Ana")]).of(payment(id_pagador="ana"), NOON).bloqueio


@pytest.mark.parametrize("kind", ["id_pagador", "id_recebedor", "id_dispositivo", "id_terminal", "id_carteira"])
@pytest.mark.parametrize("asked", ["52998224725", "529.982.247-25", TOKENS.of("52998224725")])
def test_an_account_named_by_a_document_is_the_same_however_it_is_written(kind: str, asked: str) -> None:
    for listed in ("529.982.247-25", TOKENS.of("52998224725")):
        lists = Lists([entry(kind, listed)], TOKENS.of)
        assert lists.of(payment(**{FIELDS[kind]: asked}), NOON).bloqueio


def test_a_pix_key_that_was_read_as_a_token_is_compared_as_it_is() -> None:
    lists = Lists([entry("chave_pix", TOKENS.of("52998224725"))], TOKENS.of)
    for asked in ("529.982.247-25", TOKENS.of("52998224725")):
        assert lists.of(payment(**PIX | {"chave_pix": asked}), NOON).bloqueio


def test_what_is_no_address_is_on_no_list() -> None:
    assert Lists([entry("ip", "203.0.113.0/24")]).of(payment(ip="..::"), NOON) == Listed()


@pytest.mark.parametrize(
    ("ends", "found"),
    [(timedelta(microseconds=1), True), (timedelta(0), False), (-HOUR / 2, False)],
    ids=["a moment left", "just ended", "ended long ago"],
)
def test_an_expired_entry_counts_for_nothing(ends: timedelta, found: bool) -> None:
    assert Lists([entry("id_pagador", "ana", ends=ends)]).of(payment(), NOON).bloqueio is found


def test_each_list_is_told_apart() -> None:
    lists = Lists([entry("id_pagador", "ana", ALLOW), entry("ip", "203.0.113.7"), entry("id_pagador", "bia", BLOCK)])
    assert lists.of(payment(), NOON) == Listed(bloqueio=True, permissao=True)
    assert lists.of(payment(ip=None), NOON) == Listed(permissao=True)
    assert lists.of(payment(id_pagador="bia", ip=None), NOON) == Listed(bloqueio=True)


def test_one_value_may_be_on_both_lists_with_ends_of_their_own() -> None:
    lists = Lists([entry("id_pagador", "ana", ALLOW), entry("id_pagador", "ana", BLOCK, -HOUR / 2)])
    assert lists.of(payment(), NOON) == Listed(permissao=True)
    assert len(lists) == 2


def test_a_kind_is_a_field_of_every_payment() -> None:
    assert all(hasattr(payment(), name) for name in FIELDS.values())
    assert set(FIELDS) >= KEYED

"""Numbers in fields for something else: which are found, and which ids are left alone."""

import json
import random
import string
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from stdnum import luhn

from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.contracts.fields import Refused
from acude.contracts.model import Contract, table, topics
from acude.contracts.personal import has_card, has_document, without_documents
from acude.contracts.searched import searched_lists
from acude.masking import masked, masked_bytes
from acude.personal_numbers import SUSPECT, is_document

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TOKENS = Tokens("k1", b"secret")
CPF, CNPJ, LETTERS = "52998224725", "11222333000181", "12ABC34501DE35"
CARDS = (
    "4111111111111111", "5555555555554444", "2223003122003222", "378282246310005", "30569309025904", "38520000023237",
    "6011111111111117", "6550000000000001", "3530111333300000", "6362970000457013", "5067310000000010",
    "6062825624254001", "6200000000000005",
)  # fmt: skip
PIX: dict[str, Any] = {
    "id_transacao": "t-1", "tipo_pagamento": "pix", "operacao": "pagamento", "valor": 10, "moeda": "BRL",
    "timestamp": NOW.isoformat(), "id_pagador": "u1", "documento_pagador": CPF, "id_recebedor": "r9",
    "chave_pix": "r9@exemplo.com", "uf": "SP",
}  # fmt: skip
CARD_PAYMENT = {name: value for name, value in PIX.items() if name != "chave_pix"} | {
    "tipo_pagamento": "credito",
    "entrada": "online",
    "token_cartao": "tok_0123456789abcdef",
}


def grouped(number: str, mark: str) -> str:
    cuts = (4, 8, 12) if len(number) == 16 else (4, 10)
    return mark.join(number[a:b] for a, b in zip((0, *cuts), (*cuts, None), strict=True))


@pytest.mark.parametrize("form", ["{}", "tok_{}", "pedido{}", "{}abc", "a:{}:b", "u+{}@loja.example", "x\u00e9{}"])
@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_found_however_it_is_glued(number: str, form: str) -> None:
    text = form.format(number)
    assert has_card(text)
    assert pc.match_substring_regex(pa.array([text]), SUSPECT).to_pylist() == [True]


@pytest.mark.parametrize("mark", list(" ._:/-"))
@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_found_in_groups(number: str, mark: str) -> None:
    text = f"p-{grouped(number, mark)}"
    assert has_card(text)
    assert pc.match_substring_regex(pa.array([text]), SUSPECT).to_pylist() == [True]


@pytest.mark.parametrize("mark", list(" ._/-"))
@pytest.mark.parametrize(
    ("number", "cuts"),
    [
        ("4111111111111111", (8,)), ("4111111111111111", (4, 12)), ("4111111111111111", (4,)),
        ("5555555555554444", (12,)), ("5555555555554444", (6, 12)), ("5555555555554444", tuple(range(2, 16, 2))),
        ("378282246310005", (4, 8, 12)), ("378282246310005", (3, 6, 9, 12)), ("30569309025904", (4, 8, 12)),
        ("4222222222222", (4, 7, 10)), ("4000000000000000006", (4, 8, 12, 16)), ("6200000000000000000", (6,)),
    ],
)  # fmt: skip
def test_a_card_number_is_found_in_any_groups(number: str, cuts: tuple[int, ...], mark: str) -> None:
    written = mark.join(number[a:b] for a, b in zip((0, *cuts), (*cuts, None), strict=True))
    for text in (written, f"tok_{written}x", f"17-{written}.3", f"2026-11-30/{written}"):
        assert has_card(text)
        assert pc.match_substring_regex(pa.array([text]), SUSPECT).to_pylist() == [True]


DISGUISES = {
    "dashes": "529.982.247\u201125",
    "an en dash": "529.982.247\u201325",
    "no-break spaces": "529\u00a0982\u00a0247\u00a025",
    "thin spaces": "4111\u20091111\u20091111\u20091111",
    "what can't be seen": "5\u200b2\u200c9\u200d9\u2060822\ufeff47\u00ad25",
    "full width": "\uff14" + "\uff11" * 15,
    "arabic digits": "\u0665\u0662\u0669\u0669\u0668\u0662\u0662\u0664\u0667\u0662\u0665",
    "mathematical": "\U0001d7d3\U0001d7d0\U0001d7d7982247-25",
    "superscripts": "52998\u00b2\u00b2\u20747\u00b25",
    "a minus": "11.222.333/0001\u221281",
    "full stops": "529\uff0e982\uff0e247\uff0d25",
    "combining": "529\u0301.982.247-25",
}


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_a_number_is_found_in_what_looks_like_it(text: str) -> None:
    found = f"cliente {text} ok"
    assert has_card(found) or has_document(found)
    assert pc.match_substring_regex(pa.array([found]), SUSPECT).to_pylist() == [True]
    # Before and behind it everything stays.
    assert (masked(found), masked_bytes(found.encode())) == ("cliente [oculto] ok", b"cliente [oculto] ok")
    assert masked_bytes(json.dumps(found).encode()) == b'"cliente [oculto] ok"'


def test_accents_and_other_scripts_change_nothing() -> None:
    text = "São João, açúcar \U0001f600 \u4e2d\u6587 Привет 2026\u201311\u201330 \u00bd"
    assert not has_card(text)
    assert not has_document(text)
    assert masked(text) == text
    assert masked_bytes(b"\xff\xfe" + text.encode()) == b"\xff\xfe" + text.encode()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.9.8.7", "10.9.8.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::10.9.8.7", "10.9.8.7"),
        ("64:ff9b::a09:807", "10.9.8.7"),
        ("010.9.8.7", None),
        ("10.9.8.07", None),
        ("10.9.8.7.", None),
        ("168364039", None),
        ("..", None),
        ("a:b", None),
        ("10.0.0.0/8", None),
        ("fe80::1%eth0", None),
    ],
)
def test_an_address_is_read_in_its_one_spelling_alone_and_in_a_batch(written: str, read: str | None) -> None:
    decoder, payload = Decoder(table("topics.transacoes"), TOKENS), json.dumps(PIX | {"ip": written}).encode()
    decoded = decoder.decode(pa.array([payload], pa.binary()), pa.array([NOW], pa.timestamp("us", tz="UTC")))
    if read:
        assert decoder.one(payload, NOW)["ip"] == read
        assert decoded.fields.field("ip").to_pylist() == [read]
    else:
        with pytest.raises(Refused, match="internet address") as problem:
            decoder.one(payload, NOW)
        assert problem.value.refusal == decoded.refusals[0]
        assert decoded.refusals[0].reason == "valor_invalido"


def test_a_card_number_is_found_in_groups_of_several_marks_and_after_a_group() -> None:
    assert has_card("4111-1111 1111.1111")
    assert has_card("1234:4111:1111:1111:1111")


def test_a_document_and_the_digits_after_it_are_no_card() -> None:
    after = next(n for n in range(10**4, 10**5) if luhn.is_valid(f"{CPF}{n}"))
    text = f"t-{CPF}-{after}"
    assert not has_card(text)
    assert without_documents(text, TOKENS.of) == TOKENS.of(text)


@pytest.mark.parametrize(
    "text",
    [
        "41111111-11111112", "41111111@11111111", "41111111--11111111", "30/11/2026 120000", "30-11-2026-120000",
        "52.168.100.200:19093", "302-1234567-1234568", "2026-11-30 12:00:00.123456",
    ],
)  # fmt: skip
def test_other_groups_of_digits_are_no_cards(text: str) -> None:
    assert not has_card(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # a wrong check digit
        "1764525600000017", "20261130120000", "2026113012000017", "0000000000000000", "9999999999999995",
        "2000003508419013", "4222222222222", "4000000000000000006", "12345678901234567890",
        "41111111111111110", "411111111111111", "7891000315507", "192.168.100.200",
        "4111111111111111".translate(str.maketrans("1", "x")),
    ],
)  # fmt: skip
def test_other_numbers_are_no_cards(text: str) -> None:
    assert not has_card(text)


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        (CPF, CPF), ("529.982.247-25", CPF), ("529 982 247 25", CPF), ("529-982-247-25", CPF), ("529.982.24725", CPF),
        ("529982247-25", CPF), ("529.982247-25", CPF), ("529982.247-25", CPF), ("529982247/25", CPF),
        ("529982247 25", CPF), ("11222333/0001-81", CNPJ), ("112223330001-81", CNPJ), ("11222333000181", CNPJ),
        ("cpf52998224725", "cpf52998224725"), ("cpf529982247-25", "cpf529982247-25"),
        ("loja11222333/0001-81", "loja11222333/0001-81"),
        (CNPJ, CNPJ), ("11.222.333/0001-81", CNPJ), ("11.222.333.0001-81", None), (LETTERS, LETTERS),
        ("12.ABC.345/01DE-35", LETTERS), ("12abc34501de35", LETTERS),
        ("u52998224725", "u52998224725"), ("cpf:529.982.247-25", "cpf:529.982.247-25"),
        ("pedido-52998224725-3", "pedido-52998224725-3"), ("52998224725abc", "52998224725abc"),
        ("52998224725@Loja.example", "52998224725@loja.example"), ("u11222333000181", "u11222333000181"),
        ("52998224724", None), ("529982247251", None), ("11111111111", None), ("u17", None), ("189.100.200.25", None),
        ("529.982.247.25", None), ("529982247.25", None), ("529982247-24", None), ("529982247--25", None),
    ],
)  # fmt: skip
def test_a_document_is_found_however_it_is_written(text: str, whose: str | None) -> None:
    found = without_documents(text, TOKENS.of)
    assert found == (text if whose is None else TOKENS.of(whose))
    assert without_documents(found, TOKENS.of) == found
    assert whose is None or pc.match_substring_regex(pa.array([text]), SUSPECT).to_pylist() == [True]


@pytest.mark.parametrize("digit", string.digits)
@pytest.mark.parametrize("length", [11, 14])
def test_one_digit_throughout_is_nobodys_document(digit: str, length: int) -> None:
    number = digit * length
    assert not is_document(number)
    assert not has_document(f"u{number}")
    payload = json.dumps(PIX | {"documento_pagador": number}).encode()
    with pytest.raises(Refused, match="check digits"):
        Decoder(table("topics.transacoes")).one(payload, NOW)
    assert decoded(PIX | {"documento_pagador": number})[1] == "documento_invalido"


def drawn(form: Callable[[random.Random], str], number: int = 50_000) -> list[str]:
    rng = random.Random(11)  # noqa: S311 - the same ids each time
    return [form(rng) for _ in range(number)]


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
IDS: dict[str, Callable[[random.Random], str]] = {
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "uuid without dashes": lambda rng: uuid.UUID(int=rng.getrandbits(128), version=4).hex,
    "ulid": lambda rng: "01" + "".join(rng.choices(CROCKFORD, k=24)),
    "object id": lambda rng: f"{rng.getrandbits(96):024x}",
    "base62": lambda rng: "tok_" + "".join(rng.choices(string.ascii_letters + string.digits, k=24)),
    "snowflake": lambda rng: str(1_700_000_000_000_000_000 + rng.getrandbits(57)),
    "microseconds": lambda rng: str(1_700_000_000_000_000 + rng.randrange(10**14)),
    "date and number": lambda rng: f"20261130{rng.randrange(10**8):08}",
    "token": lambda rng: f"k1:{rng.getrandbits(128):032x}",
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_as_shops_draw_them_are_neither_refused_nor_replaced(kind: str) -> None:
    ids = drawn(IDS[kind])
    assert [one for one in ids if has_card(one) or has_document(one)] == []


def test_how_often_a_random_number_of_sixteen_digits_is_taken_for_a_card() -> None:
    """No check can tell such an id from a card's number: the decision page names the rate."""
    ids = drawn(lambda rng: f"{rng.randrange(10**16):016}")
    assert 0.02 < sum(map(has_card, ids)) / len(ids) < 0.028


def decoded(fields: dict[str, Any], tokens: Tokens | None = TOKENS) -> tuple[dict[str, Any], str | None]:
    """The fields and the reason of a refusal, from a batch."""
    batch = pa.array([json.dumps(fields).encode()], pa.binary())
    found = Decoder(table("topics.transacoes"), tokens).decode(batch, pa.array([NOW], pa.timestamp("us", "UTC")))
    return found.fields.to_pylist()[0], found.refusals[0].reason if found.refusals else None


FREE = ("id_transacao", "id_pagador", "id_recebedor", "id_dispositivo", "id_terminal", "id_pedido")


@pytest.mark.parametrize("name", FREE)
@pytest.mark.parametrize("text", ["4111111111111111", "41111111-11111111"])
def test_a_card_number_in_an_id_is_refused_alone_and_in_a_batch(name: str, text: str) -> None:
    fields = PIX | {name: text}
    assert decoded(fields)[1] == "numero_de_cartao"
    with pytest.raises(Refused) as refusal:
        Decoder(table("topics.transacoes"), TOKENS).one(json.dumps(fields).encode(), NOW)
    assert refusal.value.refusal.reason == "numero_de_cartao"
    assert "4111" not in refusal.value.refusal.detail


def test_a_contract_may_name_ids_that_are_random_numbers() -> None:
    contract = table("topics.transacoes").model_copy(update={"own_numbers": ("id_pedido",)})
    own, another = ({name: "4111111111111111"} for name in ("id_pedido", "id_pagador"))
    assert Decoder(contract).one(json.dumps(PIX | own).encode(), NOW)["id_pedido"] == "4111111111111111"
    batch = pa.array([json.dumps(PIX | one).encode() for one in (own, another)], pa.binary())
    found = Decoder(contract).decode(batch, pa.array([NOW] * 2, pa.timestamp("us", "UTC")))
    assert {at: why.reason for at, why in found.refusals.items()} == {1: "numero_de_cartao"}


def test_a_token_that_holds_a_card_number_is_refused() -> None:
    assert decoded(CARD_PAYMENT)[1] is None
    assert decoded(CARD_PAYMENT | {"token_cartao": "tok_4111111111111111"})[1] == "numero_de_cartao"


@pytest.mark.parametrize("name", [*FREE, "chave_pix"])
@pytest.mark.parametrize("text", [CPF, "529.982.247-25", "529982247-25", "529.982247-25"])
def test_a_document_in_another_field_becomes_its_token_alone_and_in_a_batch(name: str, text: str) -> None:
    fields = PIX | {name: text}
    found, reason = decoded(fields)
    assert (found[name], reason) == (TOKENS.of(CPF), None)
    alone = Decoder(table("topics.transacoes"), TOKENS).one(json.dumps(fields).encode(), NOW)
    assert (alone[name], alone["documento_pagador"]) == (TOKENS.of(CPF), CPF)


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.name)
def test_every_text_that_anybody_may_fill_is_searched(topic: Any) -> None:  # noqa: ANN401
    left_out = {c.name for c in topic.columns if c.type == "string"} - {*topic.free_texts, *topic.documents}
    assert all(topic.column(name).values for name in left_out)


DECISION: dict[str, Any] = {
    "id_transacao": "t-1", "decisao": "revisar", "pontuacao": 500, "timestamp": NOW.isoformat(),
    "transacao_em": NOW.isoformat(), "tipo_pagamento": "pix", "operacao": "pagamento", "valor": 10, "moeda": "BRL",
    "id_pagador": "u1", "uf": "SP", "id_rastro": "r-1", "versao_regras": "v1", "versao_modelo": "m1",
    "degradado": False, "causas": [], "latencia_ms": 3, "motivos": ["VALOR_ALTO"],
}  # fmt: skip


def decisions(*motives: object) -> list[dict[str, Any] | str]:
    """Decisions for these reasons, from a batch: the fields, or why one is refused; alone each is the same."""
    decoder = Decoder(table("topics.decisoes_risco"), TOKENS)
    payloads = [json.dumps(DECISION | {"motivos": one}).encode() for one in motives]
    batch = decoder.decode(pa.array(payloads, pa.binary()), pa.array([NOW] * len(payloads), pa.timestamp("us", "UTC")))
    batch.fields.validate(full=True)
    found: list[dict[str, Any] | str] = [
        batch.refusals[at].reason if at in batch.refusals else fields
        for at, fields in enumerate(batch.fields.to_pylist())
    ]
    for payload, together in zip(payloads, found, strict=True):
        try:
            alone: dict[str, Any] | str = decoder.one(payload, NOW)
        except Refused as problem:
            alone = problem.refusal.reason
        assert alone == together
    return found


@pytest.mark.parametrize("text", ["4111111111111111", "tok_4111-1111-1111-1111"])
def test_a_card_number_in_a_list_is_refused_alone_and_in_a_batch(text: str) -> None:
    before, refused, behind = decisions(["VALOR_ALTO"], ["NOVO", text], [])
    assert refused == "numero_de_cartao"
    assert isinstance(before, dict)
    assert isinstance(behind, dict)
    assert (before["motivos"], behind["motivos"]) == (["VALOR_ALTO"], [])


def test_a_document_in_a_list_becomes_its_token_alone_and_in_a_batch() -> None:
    texts = [["529.982.247-25", "NOVO"], [], ["VALOR_ALTO", f"u{CPF}"]]
    found = [one["motivos"] for one in decisions(*texts) if isinstance(one, dict)]
    assert found == [[TOKENS.of(CPF), "NOVO"], [], ["VALOR_ALTO", TOKENS.of(f"u{CPF}")]]


def test_absent_lists_stay_absent_beside_those_that_are_searched() -> None:
    lists = pa.array([None, ["a", f"cpf{CPF}"], [], None, ["4111111111111111", "4111111111111111"]])
    found, cards = searched_lists(lists, TOKENS.of)
    assert found.to_pylist() == [None, ["a", TOKENS.of(f"cpf{CPF}")], [], None, ["4111111111111111"] * 2]
    assert cards == [4]


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.name)
def test_every_list_of_texts_is_searched(topic: Contract) -> None:
    tokens = Decoder(topic, TOKENS)
    assert set(tokens._free_lists) == {one.name for one in topic.columns if one.type == "array<string>"}

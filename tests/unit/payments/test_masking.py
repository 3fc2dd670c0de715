import pytest

from acude.masking import MASK, masked, masked_bytes


@pytest.mark.parametrize(
    "number",
    [
        "52998224725",
        "529.982.247-25",
        "529 982 247 25",
        "529982247-25",
        "529.982247-25",
        "529982247-24",
        "11222333000181",
        "11222333/0001-81",
        "11.222.333/0001-81",
        "12ABC34501DE35",
        "12.ABC.345/01DE-35",
        "12abc34501de35",
        "12abc34501de36",
        "12.abc.345/01de-35",
        "12-abc-345/01de-35",
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "3782 822463 10005",
        "41111111-11111111",
        "411111111111 1111",
        "4222.222.222.222",
        "6304000000000000000",
        "4111111111111111" * 3,
    ],
)
@pytest.mark.parametrize("around", ["{}", "got '{}'", "$.{}", "({})", "a={};", "é{}!", "p-{}-1", "_{}_"])
def test_a_document_or_card_number_is_hidden_wherever_it_stands(number: str, around: str) -> None:
    assert masked(around.format(number)) == around.format(MASK)


@pytest.mark.parametrize("number", ["52998224725", "529.982.247-25", "11222333000181", "4111111111111111"])
@pytest.mark.parametrize("around", ["tok_x{}", "cpf{}abc", "u{}@x.com"])
def test_a_number_that_is_glued_to_letters_is_hidden(number: str, around: str) -> None:
    assert masked(around.format(number)) == around.format(MASK)


def test_bytes_keep_everything_else_and_hide_digits_that_json_escapes() -> None:
    content = b'{"a": "\\u0035\\u0032998224725", "b": "\xff\x00"} 4111111111111111'
    assert masked_bytes(content) == b'{"a": "[oculto]", "b": "\xff\x00"} [oculto]'
    assert masked_bytes(b"") == b""


@pytest.mark.parametrize(
    "written",
    [
        r"529\u002e982\u002e247\u002d25",
        r"529\u002E982\u002E247\u002D25",
        r"\u0035299822472\u0035",
        r"11.222.333\/0001-81",
        r"4111\u00201111\u00201111\u00201111",
        r"12\u0061bc34501de35",
        r"12\u0041BC34501DE35",
        r"529\\u002e982\\u002e247\\u002d25",
    ],
)
@pytest.mark.parametrize("around", ["{}", '{{"a": "{}"}}', "x {}"])
def test_a_number_with_characters_that_json_escapes_is_hidden(written: str, around: str) -> None:
    assert masked_bytes(around.format(written).encode()).decode() == around.format(MASK)


@pytest.mark.parametrize("before", [r"\n", r"\t", r"\u000a", r"\u00e9", r"\u20ac", r"\"", r"\\"])
def test_a_letter_of_an_escape_is_none_of_a_number(before: str) -> None:
    assert masked_bytes(f"{before}12ABC34501DE35".encode()).decode() == f"{before}{MASK}"


def test_bytes_that_read_as_a_number_only_without_the_escape_are_hidden() -> None:
    assert b"52998224725" not in masked_bytes(rb'"\u52998224725"')


@pytest.mark.parametrize("text", [rb'{"a": "\u00e9\n\"x\u0022", "b": "\u0031"}', rb"C:\dir\u", b"\\", b"\\\\u12"])
def test_escapes_without_a_number_stay(text: bytes) -> None:
    assert masked_bytes(text) == text
    assert masked_bytes(text + b" 52998224725") == text + b" " + MASK.encode()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00.123456Z",
        "transacoes/3/1700",
        "0af7651916cd43dd8448eb211c80319c",
        "0af76519160000043dd8448eb1152998",
        "trace=550e8400-e29b-41d4-a716-446655440000;",
        "t-52998224725252998224725a1b2c3d4e",
        "192.168.100.200:19092",
        "Expected decimal(18,2), got 10.005",
        "within 1700 ms",
        "MUITOS_CARTOES_NO_DISPOSITIVO",
        "deadletter2026",
        "snapshot/2026-11-30",
        "from 529.982.247.25",
        "41111111-11111112",
    ],
)
def test_times_places_and_ids_stay(text: str) -> None:
    assert masked(text) == text

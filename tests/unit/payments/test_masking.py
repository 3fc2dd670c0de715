import pytest

from acude.masking import MASK, masked, masked_bytes


@pytest.mark.parametrize(
    "number",
    [
        "52998224725",
        "529.982.247-25",
        "529 982 247 25",
        "11222333000181",
        "11.222.333/0001-81",
        "12ABC34501DE35",
        "12.ABC.345/01DE-35",
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "3782 822463 10005",
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
    ],
)
def test_times_places_and_ids_stay(text: str) -> None:
    assert masked(text) == text

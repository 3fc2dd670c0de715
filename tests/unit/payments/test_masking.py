import pytest

from acude.masking import MASK, masked


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
    ],
)
@pytest.mark.parametrize("around", ["{}", "got '{}'", "$.{}", "({})", "a={};", "é{}!"])
def test_a_document_or_card_number_is_hidden_wherever_it_stands(number: str, around: str) -> None:
    assert masked(around.format(number)) == around.format(MASK)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00.123456Z",
        "transacoes/3/1700",
        "0af7651916cd43dd8448eb211c80319c",
        "192.168.100.200:19092",
        "Expected decimal(18,2), got 10.005",
        "within 1700 ms",
        "MUITOS_CARTOES_NO_DISPOSITIVO",
    ],
)
def test_times_places_and_ids_stay(text: str) -> None:
    assert masked(text) == text

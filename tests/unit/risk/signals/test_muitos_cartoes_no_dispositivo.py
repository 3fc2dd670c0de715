"""Cards on a device."""

from acude.risk.signals.muitos_cartoes_no_dispositivo import muitos_cartoes_no_dispositivo
from tests.unit.risk.pasts import DAY, HOUR, PIX, Fields, Row, each, past_of, table


@table(
    ("the third card", each(HOUR, "token_cartao", ["tok_rosa", "tok_verde"]), {}, True),
    ("the second", each(HOUR, "token_cartao", ["tok_rosa", "tok_rosa", "tok_azul"]), {}, False),
    ("the first was yesterday", [(DAY, {"token_cartao": "tok_rosa"}), (1, {"token_cartao": "tok_verde"})], {}, False),
    ("Pix is no card", [(1, PIX), (2, PIX)], {}, False),
    ("no device", each(HOUR, "token_cartao", ["tok_rosa", "tok_verde"]), {"id_dispositivo": None}, False),
)
def test_three_cards_on_a_device_in_a_day_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_cartoes_no_dispositivo(past_of(*earlier, **now), cartoes=3) is fires

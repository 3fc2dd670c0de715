"""Cards on an internet address."""

from acude.risk.signals.muitos_cartoes_no_ip import muitos_cartoes_no_ip
from tests.unit.risk.pasts import HOUR, MINUTE, Fields, Row, each, past_of, table


@table(
    ("the third card", each(29 * MINUTE, "token_cartao", ["tok_rosa", "tok_verde"]), {}, True),
    ("the second", each(MINUTE, "token_cartao", ["tok_rosa", "tok_rosa", "tok_azul"]), {}, False),
    ("an hour ago", each(HOUR, "token_cartao", ["tok_rosa", "tok_verde"]), {}, False),
    ("no address", each(MINUTE, "token_cartao", ["tok_rosa", "tok_verde"]), {"ip": None}, False),
)
def test_three_cards_on_an_address_in_an_hour_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_cartoes_no_ip(past_of(*earlier, **now), cartoes=3) is fires

"""Cards on a terminal."""

from acude.risk.signals.muitos_cartoes_no_terminal import muitos_cartoes_no_terminal
from tests.unit.risk.pasts import MINUTE, Fields, Row, each, past_of, table


@table(
    ("the third card", each(4 * MINUTE, "token_cartao", ["tok_rosa", "tok_verde"]), {}, True),
    ("the second", each(MINUTE, "token_cartao", ["tok_rosa", "tok_rosa", "tok_azul"]), {}, False),
    ("ten minutes ago", each(10 * MINUTE, "token_cartao", ["tok_rosa", "tok_verde"]), {}, False),
    ("no terminal", each(MINUTE, "token_cartao", ["tok_rosa", "tok_verde"]), {"id_terminal": None}, False),
)
def test_three_cards_on_a_terminal_in_ten_minutes_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitos_cartoes_no_terminal(past_of(*earlier, **now), cartoes=3) is fires

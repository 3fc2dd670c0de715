"""The block list."""

from acude.risk.lists import Listed
from acude.risk.signals.na_lista_de_bloqueio import na_lista_de_bloqueio
from tests.unit.risk.pasts import Fields, Row, past_of, table


@table(
    ("on no list", [], {}, False),
    ("on the block list", [], {"listed": Listed(bloqueio=True)}, True),
    ("on the other list", [], {"listed": Listed(permissao=True)}, False),
    ("on both", [], {"listed": Listed(bloqueio=True, permissao=True)}, True),
    ("the store does not answer", [], {"listed": Listed(bloqueio=True), "complete": False}, True),
)
def test_a_payment_on_the_block_list_is_told(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert na_lista_de_bloqueio(past_of(*earlier, **now)) is fires

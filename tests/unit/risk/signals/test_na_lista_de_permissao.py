"""The allow list."""

from acude.risk.lists import Listed
from acude.risk.signals.na_lista_de_permissao import na_lista_de_permissao
from tests.unit.risk.pasts import Fields, Row, past_of, table


@table(
    ("on no list", [], {}, False),
    ("on the allow list", [], {"listed": Listed(permissao=True)}, True),
    ("on the other list", [], {"listed": Listed(bloqueio=True)}, False),
    ("on both", [], {"listed": Listed(bloqueio=True, permissao=True)}, True),
    ("the store does not answer", [], {"listed": Listed(permissao=True), "complete": False}, True),
)
def test_a_payment_on_the_allow_list_is_told(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert na_lista_de_permissao(past_of(*earlier, **now)) is fires

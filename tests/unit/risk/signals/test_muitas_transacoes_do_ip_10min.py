"""The internet address's pace."""

from acude.risk.signals.muitas_transacoes_do_ip_10min import muitas_transacoes_do_ip_10min
from tests.unit.risk.pasts import MINUTE, Fields, Row, every, past_of, table


@table(
    ("the third within ten minutes", every(4 * MINUTE, 2), {}, True),
    ("the second", every(4 * MINUTE, 1), {}, False),
    ("the first of three is ten minutes old", every(5 * MINUTE, 2), {}, False),
    ("other addresses", every(1, 9, ip="2001:db8::1"), {}, False),
    ("no address", every(1, 9), {"ip": None}, False),
)
def test_three_transactions_of_an_address_in_ten_minutes_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitas_transacoes_do_ip_10min(past_of(*earlier, **now), transacoes=3) is fires

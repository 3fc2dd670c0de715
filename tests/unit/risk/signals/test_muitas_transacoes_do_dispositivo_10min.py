"""The device's pace."""

from acude.risk.signals.muitas_transacoes_do_dispositivo_10min import muitas_transacoes_do_dispositivo_10min
from tests.unit.risk.pasts import MINUTE, Fields, Row, every, past_of, table


@table(
    ("the third within ten minutes", every(4 * MINUTE, 2), {}, True),
    ("the second", every(4 * MINUTE, 1), {}, False),
    ("the first of three is ten minutes old", every(5 * MINUTE, 2), {}, False),
    ("other devices", every(1, 9, id_dispositivo="tablet"), {}, False),
    ("no device", every(1, 9), {"id_dispositivo": None}, False),
)
def test_three_transactions_of_a_device_in_ten_minutes_are_many(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert muitas_transacoes_do_dispositivo_10min(past_of(*earlier, **now), transacoes=3) is fires

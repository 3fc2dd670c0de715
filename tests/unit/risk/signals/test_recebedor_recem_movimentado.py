"""Mule accounts: much money at once."""

from acude.risk.signals.recebedor_recem_movimentado import recebedor_recem_movimentado
from tests.unit.risk.pasts import DAY, HOUR, REFUND, Fields, Row, every, past_of, table

TODAY = every(HOUR, 2, id_pagador="bia", valor=400)
LAST: Fields = {"valor": 200}


@table(
    ("1000 reais in three payments of a day", TODAY, LAST, True),
    ("a centavo less", TODAY, {"valor": "199.99"}, False),
    ("in two payments", TODAY[:1], {"valor": 900}, False),
    ("a payment a day ago", [*TODAY, (DAY, {"valor": 1})], LAST, False),
    ("a payment 20 days ago", [*TODAY, (20 * DAY, {"valor": 1})], LAST, False),
    ("a payment 30 days ago", [*TODAY, (30 * DAY, {"valor": 1})], LAST, True),
    ("a day of another receiver", every(HOUR, 2, id_recebedor="banca", valor=400), LAST, False),
    ("no past", [], {"valor": 1000}, False),
    ("a refund", every(HOUR, 3, valor=900), LAST | REFUND, False),
    ("the store does not answer", TODAY, LAST | {"complete": False}, False),
)
def test_a_receiver_that_wakes_up_with_1000_reais_of_three_payments(
    earlier: list[Row], now: Fields, fires: bool
) -> None:
    assert recebedor_recem_movimentado(past_of(*earlier, **now), valor_brl=1000, transacoes=3) is fires


def test_one_payment_of_a_receiver_whose_past_could_not_be_asked_is_not_its_first() -> None:
    past = past_of(valor=1000, complete=False)
    assert not recebedor_recem_movimentado(past, valor_brl=1000, transacoes=1)

"""The two steps of an account takeover."""

from datetime import timedelta

from acude.risk.signals.dispositivo_novo_apos_troca_de_credencial import dispositivo_novo_apos_troca_de_credencial
from tests.unit.risk.pasts import DAY, NOON, REFUND, Fields, Row, past_of, table

BEFORE: list[Row] = [(3 * DAY, {})]
TAKEOVER: Fields = {"credencial_alterada_em": NOON - timedelta(hours=1), "id_dispositivo": "tablet"}


@table(
    ("a change, then a new device", BEFORE, TAKEOVER, True),
    ("both at the same moment", BEFORE, TAKEOVER | {"credencial_alterada_em": NOON}, True),
    ("someone else's device at the same address", [*BEFORE, (DAY, TAKEOVER | {"id_pagador": "bia"})], TAKEOVER, True),
    ("a change 48 hours ago", BEFORE, TAKEOVER | {"credencial_alterada_em": NOON - timedelta(hours=48)}, False),
    ("a change afterwards", BEFORE, TAKEOVER | {"credencial_alterada_em": NOON + timedelta(hours=1)}, False),
    ("no change", BEFORE, TAKEOVER | {"credencial_alterada_em": None}, False),
    ("a known device", BEFORE, TAKEOVER | {"id_dispositivo": "celular"}, False),
    ("no device", BEFORE, TAKEOVER | {"id_dispositivo": None}, False),
    ("the payer has no past", [], TAKEOVER, False),
    ("a refund", BEFORE, TAKEOVER | REFUND, False),
    ("the store does not answer", BEFORE, TAKEOVER | {"complete": False}, False),
)
def test_a_new_device_within_48_hours_of_a_change_is_a_takeover(earlier: list[Row], now: Fields, fires: bool) -> None:
    assert dispositivo_novo_apos_troca_de_credencial(past_of(*earlier, **now), horas=48) is fires

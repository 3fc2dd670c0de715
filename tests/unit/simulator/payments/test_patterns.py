"""Each pattern shows what its name says. A play of four days; bursts of its last day may be cut, and are left out."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise

import pytest

from acude.risk.payment import Payment
from acude.risk.velocity import distance_km
from acude.simulator.payments import PATTERNS, Labelled, payments
from acude.simulator.payments.people import People

START = datetime(2026, 11, 16, 12, tzinfo=UTC)
LENGTH = timedelta(days=4)
PAYERS = 1_000
PEOPLE = {payer.id: payer for payer in People(7, START, PAYERS).payers}
HOUR = timedelta(hours=1)


@cache
def everything() -> list[Labelled]:
    """One play with every pattern."""
    return list(payments(7, START, LENGTH, 0.1, fraud_share=0.2, payers=PAYERS))


def play(pattern: str) -> tuple[list[Payment], list[Payment]]:
    """Honest payments and a pattern's frauds, each in the order of time."""
    honest = [one.payment for one in everything() if not one.label]
    return honest, [one.payment for one in everything() if one.label == pattern]


def bursts(pattern: str, *by: str) -> list[list[Payment]]:
    """The frauds that have those fields in common, where they began before the last day."""
    found: defaultdict[tuple[object, ...], list[Payment]] = defaultdict(list)
    for one in play(pattern)[1]:
        found[tuple(getattr(one, name) for name in by)].append(one)
    whole = [burst for burst in found.values() if burst[0].timestamp < START + LENGTH - timedelta(days=1)]
    assert len(whole) > 20
    return whole


def distinct(burst: Iterable[Payment], field: str) -> int:
    return len({getattr(one, field) for one in burst})


def lasts(burst: list[Payment]) -> timedelta:
    return burst[-1].timestamp - burst[0].timestamp


def usual(one: Payment) -> Decimal:
    return Decimal(PEOPLE[one.id_pagador].usual_cents) / 100


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_frauds_label_is_its_patterns_name(pattern: str) -> None:
    found = payments(7, START, timedelta(days=2), 0.02, fraud_share=0.1, patterns=(pattern,), payers=200)
    assert {one.label for one in found} == {None, pattern}


def test_card_testing_tries_many_cards_from_one_device_with_small_amounts_within_minutes() -> None:
    for burst in bursts("teste_de_cartao", "id_dispositivo"):
        assert distinct(burst, "token_cartao") == len(burst) >= 12
        assert distinct(burst, "ip") == distinct(burst, "id_recebedor") == 1
        assert distinct(burst, "id_pagador") <= 3
        assert max(one.valor for one in burst) < 10
        assert lasts(burst) <= timedelta(minutes=5)
        assert {one.entrada for one in burst} <= {"online", "digitada"}


def test_an_account_takeover_changes_the_credential_and_pays_high_amounts_on_a_new_device() -> None:
    for burst in bursts("tomada_de_conta", "id_dispositivo"):
        first = burst[0]
        assert distinct(burst, "id_pagador") == 1
        assert 3 <= len(burst) <= 6
        assert lasts(burst) <= HOUR
        assert first.credencial_alterada_em is not None
        assert timedelta(0) < first.timestamp - first.credencial_alterada_em < 2 * HOUR
        assert first.id_dispositivo not in {spot["id_dispositivo"] for spot in PEOPLE[first.id_pagador].spots}
        assert all(one.valor > Decimal("4.9") * usual(one) for one in burst)


def test_an_impossible_journey_pays_far_away_within_an_hour_of_a_payment_by_chip() -> None:
    by_card = defaultdict(list)
    for one in play("viagem_impossivel")[0]:
        if one.entrada == "chip":
            by_card[one.token_cartao].append(one)
    for one in play("viagem_impossivel")[1]:
        before = [old for old in by_card[one.token_cartao] if timedelta(0) < one.timestamp - old.timestamp <= HOUR]
        assert max(_distance(old, one) for old in before) > 1_500
        assert one.id_terminal is not None


def test_some_impossible_journeys_lead_abroad() -> None:
    states = [one.uf for one in play("viagem_impossivel")[1]]
    assert 0.2 < states.count(None) / len(states) < 0.6


def test_a_mule_is_paid_by_many_and_then_emptied() -> None:
    out = defaultdict(list)
    for one in play("conta_laranja")[1]:
        out[one.id_pagador].append(one)
    emptied = [burst for burst in bursts("conta_laranja", "id_recebedor") if burst[0].id_recebedor in out]
    assert len(emptied) > 20
    for burst in emptied:
        mule = out[burst[0].id_recebedor]
        assert distinct(burst, "id_pagador") >= 10
        assert {one.tipo_pagamento for one in [*burst, *mule]} == {"pix"}
        assert burst[-1].timestamp < mule[0].timestamp
        assert lasts(burst) <= 5 * HOUR
        assert Decimal("0.9") < sum(one.valor for one in mule) / sum(one.valor for one in burst) <= 1
        assert mule[0].conta_criada_em is not None
        assert burst[0].timestamp - mule[0].conta_criada_em < timedelta(days=4)


def test_a_night_scam_sends_pix_to_a_new_receiver_between_midnight_and_six() -> None:
    paid = {one.id_recebedor for one in play("golpe_pix_noturno")[0]}
    for burst in bursts("golpe_pix_noturno", "id_recebedor"):
        assert distinct(burst, "id_pagador") == 1
        assert {one.tipo_pagamento for one in burst} == {"pix"}
        assert all(one.local_hour < 6 for one in burst)
        assert burst[0].id_recebedor not in paid
        assert all(one.valor >= 3 * usual(one) and one.valor % 10 == 0 for one in burst)
        assert burst[0].id_dispositivo == PEOPLE[burst[0].id_pagador].spots[0]["id_dispositivo"]


def test_refund_abuse_has_every_purchase_at_one_shop_refunded_within_hours() -> None:
    honest = {one.id_pedido: one for one in play("abuso_de_estorno")[0] if one.operacao == "pagamento"}
    for burst in bursts("abuso_de_estorno", "id_pagador", "id_recebedor"):
        assert len(burst) >= 4
        for one in burst:
            bought = honest[one.id_pedido]
            assert one.operacao == "estorno"
            assert (one.valor, one.id_pagador, one.id_recebedor) == (
                bought.valor,
                bought.id_pagador,
                bought.id_recebedor,
            )
            assert timedelta(0) < one.timestamp - bought.timestamp <= 4 * HOUR


def test_cards_of_a_compromised_terminal_are_used_elsewhere_after_all_were_copied() -> None:
    copied: defaultdict[str | None, dict[str | None, Payment]] = defaultdict(dict)
    for one in play("terminal_comprometido")[0]:
        if one.entrada == "chip" and one.operacao == "pagamento":
            copied[one.id_terminal].setdefault(one.token_cartao, one)
    for burst in bursts("terminal_comprometido", "id_dispositivo"):
        cards = {one.token_cartao for one in burst}
        assert len(cards) >= 7
        shared = [seen for seen in copied.values() if cards <= set(seen)]
        assert shared, "one terminal has seen all of the cards"
        assert all(shared[0][one.token_cartao].timestamp < one.timestamp for one in burst)
        assert distinct(burst, "ip") == 1
        assert {one.id_terminal for one in burst} == {None}


def test_honest_payers_go_on_while_frauds_happen() -> None:
    honest = [one.payment for one in everything() if not one.label]
    assert max(after.timestamp - before.timestamp for before, after in pairwise(honest)) < HOUR


def _distance(one: Payment, other: Payment) -> float:
    assert one.latitude is not None
    assert one.longitude is not None
    assert other.latitude is not None
    assert other.longitude is not None
    return distance_km(one.latitude, one.longitude, other.latitude, other.longitude)

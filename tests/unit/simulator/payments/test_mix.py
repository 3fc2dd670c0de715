from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest

from acude.simulator.payments import PATTERNS, Labelled, payments

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)


def play(seed: int = 7, start: datetime = MONDAY, length: timedelta = DAY, **options: Any) -> list[Labelled]:  # noqa: ANN401
    return list(payments(seed, start, length, **{"rate": 0.05, "payers": 200} | options))


@pytest.fixture(scope="module")
def day() -> list[Labelled]:
    return play(rate=0.5, payers=2_000, fraud_share=0.02)


@pytest.fixture(scope="module")
def quiet_day() -> list[Labelled]:
    return play()


def test_the_same_seed_and_start_give_the_same_bytes(quiet_day: list[Labelled]) -> None:
    assert [(one.key, one.value, one.label) for one in quiet_day] == [(one.key, one.value, one.label) for one in play()]


@pytest.mark.parametrize(
    "other", [{"seed": 8}, {"start": MONDAY + DAY}, {"rate": 0.06}, {"fraud_share": 0.02}, {"length": 2 * DAY}]
)
def test_a_play_with_another_argument_shares_no_id(other: dict[str, Any], quiet_day: list[Labelled]) -> None:
    ids = {one.payment.id_transacao for one in quiet_day}
    assert ids.isdisjoint(one.payment.id_transacao for one in play(**other))


def test_no_id_comes_twice(day: list[Labelled]) -> None:
    assert len({one.payment.id_transacao for one in day}) == len(day)


def test_times_ascend_within_the_play(day: list[Labelled]) -> None:
    times = [one.payment.timestamp for one in day]
    assert all(before <= after for before, after in pairwise(times))
    assert times[0] >= MONDAY
    assert times[-1] < MONDAY + DAY


@pytest.mark.parametrize(("rate", "seconds"), [(200, 60), (5, 7), (0.05, 86_400)])
def test_rate_times_duration_payments_come_frauds_included(rate: float, seconds: int) -> None:
    found = play(length=timedelta(seconds=seconds), rate=rate, fraud_share=0.1)
    assert len(found) == round(rate * seconds)


def test_a_play_without_end_goes_on() -> None:
    endless = payments(7, MONDAY, None, 100, payers=500)
    assert len(list(islice(endless, 5_000))) == 5_000


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_so_many_frauds_come_as_were_asked_for(share: float) -> None:
    found = play(rate=0.1, fraud_share=share)
    frauds = sum(one.label is not None for one in found)
    assert frauds / len(found) == pytest.approx(share, rel=0.03, abs=0.001)


def test_without_a_share_nothing_is_a_fraud() -> None:
    assert {one.label for one in play(fraud_share=0)} == {None}


def test_every_pattern_has_about_its_part_of_the_frauds(day: list[Labelled]) -> None:
    labels = Counter(one.label for one in day if one.label)
    assert set(labels) == set(PATTERNS)
    # A day has one night, and after it no more scams of the night can be begun.
    del labels["golpe_pix_noturno"]
    assert max(labels.values()) < 1.5 * min(labels.values())


def test_a_minute_has_every_pattern_that_does_not_need_a_night() -> None:
    found = play(start=MONDAY.replace(hour=15), length=timedelta(seconds=60), rate=200)
    assert {one.label for one in found if one.label} == set(PATTERNS) - {"golpe_pix_noturno"}


def test_only_the_patterns_asked_for_come() -> None:
    found = play(patterns=("conta_laranja", "teste_de_cartao"), fraud_share=0.1)
    assert {one.label for one in found} == {None, "conta_laranja", "teste_de_cartao"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fraud_share": 0.6}, r"fraud_share is 0 to 0.5; found 0.6"),
        ({"rate": 0}, r"above 0; found 0"),
        ({"payers": 10}, r"at least 100; found 10"),
        ({"patterns": ("roubo",)}, r"no pattern roubo; there are .*conta_laranja"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_made(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        payments(7, MONDAY, DAY, **{"rate": 1} | options)


def test_pix_dominates_and_every_type_has_its_share(day: list[Labelled]) -> None:
    kinds = Counter(one.payment.tipo_pagamento for one in day if one.label is None)
    total = sum(kinds.values())
    shares = {kind: round(found / total, 2) for kind, found in kinds.items()}
    assert shares == pytest.approx(
        {"pix": 0.55, "credito": 0.22, "debito": 0.12, "boleto": 0.05, "carteira": 0.065}, abs=0.02
    )


def test_a_payment_has_its_types_fields_alone(day: list[Labelled]) -> None:
    own = {
        "pix": {"chave_pix"},
        "credito": {"token_cartao", "entrada", "parcelas"},
        "debito": {"token_cartao", "entrada"},
        "boleto": {"vencimento"},
        "carteira": {"id_carteira"},
    }
    names = set().union(*own.values())
    for one in day:
        present = {name for name in names if getattr(one.payment, name) is not None}
        assert present == own[one.payment.tipo_pagamento]


def test_a_card_is_read_at_a_terminal_or_used_on_a_device(day: list[Labelled]) -> None:
    for one in (one.payment for one in day if one.payment.token_cartao):
        assert (one.id_terminal is not None) == (one.entrada in {"chip", "aproximacao", "tarja"})
        assert (one.id_dispositivo is None) == (one.id_terminal is not None)
        assert (one.ip is None) == (one.id_terminal is not None)


def test_instalments_are_for_credit_and_some_use_them(day: list[Labelled]) -> None:
    credit = Counter(one.payment.parcelas for one in day if one.payment.tipo_pagamento == "credito")
    assert None not in credit
    assert 0.05 < 1 - credit[1] / sum(credit.values()) < 0.4
    assert max(count for count in credit if count) <= 12


def test_a_refund_follows_its_payment_once_and_never_exceeds_it(day: list[Labelled]) -> None:
    paid: dict[tuple[Any, ...], list[Any]] = {}
    refunds = 0
    for one in (one.payment for one in day):
        key = (one.id_pagador, one.id_recebedor, one.tipo_pagamento, one.id_pedido, one.token_cartao, one.chave_pix)
        if one.operacao == "pagamento":
            paid.setdefault(key, []).append(one.valor)
            continue
        refunds += 1
        covering = [amount for amount in paid[key] if amount >= one.valor]
        assert covering
        paid[key].remove(min(covering))
    assert 0.01 < refunds / len(day) < 0.03


def test_a_boleto_is_due_on_the_day_of_its_payment_or_later(day: list[Labelled]) -> None:
    for one in (one.payment for one in day if one.payment.tipo_pagamento == "boleto" and one.label is None):
        if one.operacao == "pagamento":
            assert one.vencimento is not None
            assert 0 <= (one.vencimento - one.timestamp.date()).days <= 10


def test_evenings_are_busier_than_nights(day: list[Labelled]) -> None:
    hours = Counter(one.payment.timestamp.hour for one in day if one.label is None)
    assert hours[23] > 4 * hours[6]

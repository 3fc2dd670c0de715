"""One payment's defect costs neither its neighbours' answers nor, if it can be helped, its own."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from acude.payments import isolation
from acude.payments.blacklist import Blacklist
from acude.payments.judge import DEFECT, Judge
from acude.payments.memory import Recalled
from acude.payments.wire import Arrival, Coordinate
from acude.risk.payment import Payment
from acude.risk.policy import read
from acude.risk.rules import Rules
from acude.settings import Settings
from tests.unit.risk.pasts import payment as made

BROKEN = "11222333000181"


class Forgetful:
    """A memory of which nothing is known."""

    def recall(self, _: Sequence[Payment]) -> Recalled:
        return Recalled()

    def remember(self, *_: object) -> None:
        """Nothing is kept."""


class Broken(Blacklist):
    """A list that fails on one document, in a way that nobody has thought of."""

    def ask(self, documents: Iterable[str], within_s: float) -> dict[str, bool]:
        if BROKEN in set(documents):
            raise TypeError
        return super().ask(documents, within_s)


@pytest.fixture
def judge() -> Judge:
    rules = Rules(read(Settings().risk_policy))
    memory: Any = Forgetful()
    return Judge(memory, Broken(Settings(blacklist_url="")), lambda: rules, timedelta(seconds=2), now_ms=lambda: 1_000)


def arrival(number: int, document: str = "52998224725") -> Arrival:
    payment = made(id_transacao=f"t{number}", documento_pagador=document)
    return Arrival(payment, Coordinate("transacoes", 0, number), 1_000, f"trace{number}")


def test_a_payment_that_fails_is_given_up_and_its_neighbours_are_decided(judge: Judge) -> None:
    arrivals = [arrival(0), arrival(1, BROKEN), arrival(2)]
    outcomes, lost = isolation.decided(judge, arrivals)
    assert [one.payment.id_transacao for one in outcomes] == ["t0", "t1", "t2"]
    decisions = [one.fresh for one in outcomes]
    assert [DEFECT in one.degraded for one in decisions if one] == [False, True, False]
    assert str(decisions[1].verdict if decisions[1] else None) == "revisar"
    assert lost == {}


def test_a_payment_that_can_not_even_be_given_up_is_a_dead_letter(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Arrival) -> None:
        raise OverflowError

    monkeypatch.setattr(judge, "give_up", fails)
    arrivals = [arrival(0), arrival(1, BROKEN)]
    outcomes, lost = isolation.decided(judge, arrivals)
    assert [one.payment.id_transacao for one in outcomes] == ["t0"]
    assert {place: type(problem) for place, problem in lost.items()} == {arrivals[1].coordinate: OverflowError}

"""What makes the payments' half of a demo hold."""

from collections import Counter
from pathlib import Path

import pytest

from acude.demo import payments
from acude.demo.payments import Decided, PaymentsResult, decided_by_the_model
from acude.demo.properties import PropertyResult
from acude.reconciliation.report import MoneyRow, SetRow, compare
from acude.simulator.payments.play import Sent

SENT = Sent("r", Path(), Counter({"normal": 7, "teste_de_cartao": 3}))
OURS = "2026-11-30-aaaa"


@pytest.mark.parametrize(
    ("rows", "held"),
    [
        pytest.param([Decided("aprovar", OURS, 7, 0, 7, 90), Decided("negar", OURS, 3, 2, 0, 90)], True, id="all"),
        pytest.param([Decided("aprovar", "nenhum", 1, 0, 1, 90), Decided("negar", OURS, 9, 9, 0, 90)], False, id="old"),
        pytest.param([Decided("aprovar", OURS, 7, 0, 7, 90), Decided("negar", OURS, 3, 2, 1, 90)], False, id="silent"),
        pytest.param([Decided("aprovar", OURS, 9, 0, 9, 90)], False, id="one is missing"),
        pytest.param([], False, id="none"),
    ],
)
def test_the_promoted_model_decides_all_and_says_why(
    monkeypatch: pytest.MonkeyPatch, rows: list[Decided], *, held: bool
) -> None:
    monkeypatch.setattr(payments, "_WITHIN_S", 0)
    monkeypatch.setattr(payments, "_decided", lambda _: rows)
    result = PaymentsResult(model=OURS)
    assert decided_by_the_model(result, SENT).held is held
    assert result.decided == rows


@pytest.mark.parametrize("broken", range(3))
def test_the_half_holds_only_with_all_three_properties(broken: int) -> None:
    def result(properties: int, *, held: bool) -> PaymentsResult:
        return PaymentsResult(
            properties=[PropertyResult(str(n), held or n != broken, "") for n in range(properties)],
        )

    assert result(3, held=True).held
    assert not result(3, held=False).held
    assert not result(2, held=True).held


def test_nothing_compared_is_not_whole() -> None:
    money: list[MoneyRow] = compare({"ledger": {}})
    assert not payments._is_whole(money, [])
    assert not payments._is_whole(money, [SetRow("rule", 1, 0, (), "payment", "next")])

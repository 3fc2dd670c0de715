"""What makes the payments' half of a demo hold."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from acude.demo import payments_properties as properties
from acude.demo import waiting
from acude.demo.result import DecisionCount, PaymentsResult, PropertyResult
from acude.orchestration.lag import Lag
from acude.reconciliation.report import MoneyRow, SetRow, compare
from acude.settings import Settings
from acude.simulator.payments.play import PlaySummary

SENT = PlaySummary("r", Path(), Counter({"normal": 7, "teste_de_cartao": 3}))
OURS = "2026-11-30-aaaa"


def refused(silent: int = 0) -> DecisionCount:
    return DecisionCount("negar", OURS, 3, 2, silent, 90)


def approved(payments: int, model: str = OURS) -> DecisionCount:
    return DecisionCount("aprovar", model, payments, 0, payments, 90)


@pytest.mark.parametrize(
    ("rows", "held"),
    [
        pytest.param([approved(7), refused()], True, id="all"),
        pytest.param([approved(7, "nenhum"), refused()], False, id="by the model before"),
        pytest.param([approved(7), refused(silent=1)], False, id="silent"),
        pytest.param([approved(9)], False, id="one is missing"),
        pytest.param([], False, id="none"),
    ],
)
def test_the_promoted_model_decides_all_and_says_why(
    monkeypatch: pytest.MonkeyPatch, rows: list[DecisionCount], *, held: bool
) -> None:
    monkeypatch.setattr(waiting, "WITHIN_S", 0)
    monkeypatch.setattr(properties, "_decided", lambda _: rows)
    result = PaymentsResult(model=OURS)
    assert properties.decided_by_the_model(result, SENT).held is held
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
    assert not properties._is_whole(money, [])
    assert not properties._is_whole(money, [SetRow("rule", 1, 0, (), "payment", "next")])


@pytest.mark.parametrize(
    ("behind", "waits"),
    [
        pytest.param(timedelta(), False, id="all are in silver"),
        pytest.param(timedelta(seconds=3), True, id="some are not"),
        pytest.param(None, True, id="nobody can tell"),
    ],
)
def test_disputes_are_waited_for_until_all_are_in_silver(
    monkeypatch: pytest.MonkeyPatch, behind: timedelta | None, *, waits: bool
) -> None:
    allowed = timedelta(minutes=15)
    found = [Lag("ingest", "contestacoes", behind, allowed), Lag("ingest", "transacoes", None, allowed)]
    monkeypatch.setattr(properties, "lags", lambda _: found)
    assert properties._disputes_wait(Settings(_env_file=None)) is waits  # type: ignore[call-arg]

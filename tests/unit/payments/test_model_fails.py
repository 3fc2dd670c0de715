"""A model that fails on a batch is told, and asked about each payment alone."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from acude.payments.decision_engine import _opinions
from acude.payments.decision_result import DecisionContext
from acude.risk.policy import read
from acude.risk.rules import Rules
from acude.risk.velocity import Past
from tests.unit.risk.pasts import payment


def failing(problem: type[Exception]) -> Any:  # noqa: ANN401 - in a model's place
    def opinions(_: object) -> None:
        raise problem

    return SimpleNamespace(opinions=opinions)


def opinions(problem: type[Exception]) -> list[object]:
    """What the model says on two payments."""
    weighted = read().model_copy(update={"modelo": 0.5})
    contexts = [DecisionContext(Past(payment(id_transacao=one), {}), on_the_list=False, degraded=()) for one in "ab"]
    return list(_opinions(contexts, Rules(weighted, cast("Any", failing(problem)))))


def test_the_log_says_why_each_payment_is_asked_about_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert opinions(ValueError) == [None, None]
    (said,) = caplog.records
    assert (said.getMessage(), bool(said.exc_info)) == ("the model failed on a batch", True)


def test_short_memory_is_no_failure_of_the_model() -> None:
    with pytest.raises(MemoryError):
        opinions(MemoryError)

"""Payments that are decided again: as live, also where a rule or the model fails."""

import logging
from typing import Any

import msgspec
import pytest

from acude.risk.decision import Verdict
from acude.risk.policy import read
from acude.risk_history.known_pasts import ALLOWED, BLOCKED
from acude.risk_history.scoring import _Scorer
from acude.settings import Settings
from tests.unit.risk.pasts import payment


def test_what_was_listed_is_told_by_the_codes_of_the_list_signals() -> None:
    assert {signal.code for signal, _ in read(Settings().risk_policy).lists} == {BLOCKED, ALLOWED}


class Broken:
    """A model with a defect."""

    def opinion(self, _: object) -> float:
        raise ZeroDivisionError


def test_a_payment_on_which_the_model_fails_is_reviewed_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    policy = read(Settings().risk_policy).model_copy(update={"modelo": 0.5})
    row: dict[str, Any] = msgspec.structs.asdict(payment())
    row |= {"grupo": 0, "fraude_us": None, "decidir": True, "listas": [], "entidades": []}
    with caplog.at_level(logging.ERROR):
        (found,) = _Scorer(policy, Broken()).score([row])  # type: ignore[arg-type]
    assert found["decisao"] == str(Verdict.REVIEW)
    (record,) = caplog.records
    assert (record.message, vars(record)["record"]) == ("defect", "agora")
    assert record.exc_info

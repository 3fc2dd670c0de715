"""A candidate's defect on a past payment is told from a review that it asks for."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from acude.risk.payment import ENTITIES
from acude.risk.policy import read
from acude.risk.velocity import Past
from acude.risk_history.scoring import _Scorer
from tests.unit.risk.pasts import payment

POLICY = read().model_copy(update={"modelo": 0.5})


def row(id_transacao: str, *lists: str) -> dict[str, Any]:
    asked = {"grupo": 0, "fraude_us": None, "decidir": True, "listas": lists, "entidades": list(ENTITIES)}
    return msgspec.structs.asdict(payment(id_transacao=id_transacao)) | asked


def scored(problem: type[Exception], *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, decided with a model that fails on payment `bad`."""

    def opinion(past: Past) -> None:
        if past.payment.id_transacao == "bad":
            raise problem

    return _Scorer(POLICY, cast("Any", SimpleNamespace(opinion=opinion))).score(rows)


def test_a_payment_on_which_the_model_fails_is_a_review_with_a_defect() -> None:
    found = {one["id_transacao"]: one for one in scored(ValueError, row("good"), row("bad"))}
    assert {name: one["defeito"] for name, one in found.items()} == {"good": False, "bad": True}
    assert found["bad"]["decisao"] == "revisar"


def test_short_memory_is_no_candidates_defect() -> None:
    with pytest.raises(MemoryError):
        scored(MemoryError, row("bad"))

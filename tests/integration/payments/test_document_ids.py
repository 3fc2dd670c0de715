"""A payment whose id is somebody's document: people find it by what they type, and no store or log keeps that."""

import json
import random

import pytest
from stdnum.br import cpf
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.contracts.documents import as_stored
from acude.local.platform import Platform
from acude.payments.serde import DECISIONS
from acude.payments.store import Store
from acude.personal_numbers import is_document
from tests.integration.payments.conftest import Shop, some_payments
from tests.waiting import awaited


def a_cpf() -> str:
    """A CPF that no earlier test has used."""
    drawn = f"{random.SystemRandom().randrange(10**9):09d}"
    return next(one for number in range(100) if is_document(one := f"{drawn}{number:02d}"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture(scope="module")
def document(platform: Platform, store: Store) -> str:
    """The CPF that is the id of a decided payment."""
    document = a_cpf()
    (sent,) = some_payments(1, id_transacao=document)
    shop = Shop(platform.config)
    shop.send([sent])
    token = as_stored(platform.config, document)
    assert token in shop.read(DECISIONS, {token})
    awaited(lambda: store.decision(token), bool)
    return document


def test_why_takes_the_id_as_it_is_typed_and_the_token(platform: Platform, document: str) -> None:
    forms = (document, cpf.format(document), as_stored(platform.config, document))
    answers = [run("risk", "why", form, "--json") for form in forms]
    assert {answer.exit_code for answer in answers} == {0}, [answer.output for answer in answers]
    assert len({json.loads(answer.stdout)["id_rastro"] for answer in answers}) == 1


def test_the_audit_log_names_who_asked_for_it_by_its_token(document: str) -> None:
    assert run("risk", "why", document).exit_code == 0
    shown = run("audit", "show", "--object", document, "--json")
    assert {row["tipo"] for row in json.loads(shown.stdout)} == {"decisao", "acesso"}
    assert document not in shown.stdout


def test_a_trace_has_the_record_of_the_topic_too(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = events(document)
    assert {"payment taken", "decision written", "row of decisoes", "kept for an hour"} <= everywhere
    # Without the stores that know the record's place.
    monkeypatch.setattr("acude.payments.trace.gather._ask_velocity_store", lambda *_: None)
    assert "payment taken" in events(document)


def events(document: str) -> set[str]:
    answer = run("trace", cpf.format(document), "--json")
    assert document not in answer.stdout
    return {one["evento"] for one in json.loads(answer.stdout)["eventos"]}

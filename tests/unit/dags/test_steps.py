"""A failed task reads as a sentence, and is repeated only where that can help."""

import logging
from importlib import import_module

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from acude.inbox.errors import InboxError
from acude.orchestration.runs import RunDayError
from acude.orchestration.steps import NEEDS_A_PERSON, needs_a_person, readable


def failing(problem: Exception) -> None:
    def job() -> None:
        raise problem

    readable(job)()


def test_an_error_of_the_data_fails_the_task_at_once_and_keeps_its_sentence(caplog: pytest.LogCaptureFixture) -> None:
    problem = InboxError("vendas/loja/2026-11-01.csv", 7, "preco", "a number", "'abc'")
    with pytest.raises(AirflowFailException, match="line 7, column preco: expected a number, found 'abc'"):
        failing(problem)
    assert caplog.messages[0] == str(problem)


def test_an_error_that_may_pass_is_raised_as_it_is_so_that_the_task_is_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ConnectionError):
        failing(ConnectionError("refused"))
    assert caplog.record_tuples[0] == ("acude.task", logging.ERROR, "ConnectionError: refused")


def test_airflows_own_signals_pass_unchanged() -> None:
    with pytest.raises(AirflowSkipException):
        failing(AirflowSkipException("nothing to do"))


@pytest.mark.parametrize("name", sorted(NEEDS_A_PERSON))
def test_every_error_that_needs_a_person_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)


def test_a_kind_of_such_an_error_needs_a_person_too() -> None:
    class WrongDayError(RunDayError):
        pass

    assert needs_a_person(WrongDayError())
    assert not needs_a_person(ValueError())


def test_a_librarys_small_talk_does_not_stand_before_the_sentence(caplog: pytest.LogCaptureFixture) -> None:
    def job() -> None:
        small_talk = logging.getLogger("great_expectations.data_context.types.base")
        small_talk.setLevel(logging.INFO)
        small_talk.info("Created temporary directory")
        small_talk.warning("Disk is full")
        raise RunDayError("no such day")

    with caplog.at_level(logging.INFO), pytest.raises(AirflowFailException):
        readable(job)()
    assert caplog.messages == ["Disk is full", "RunDayError: no such day"]

"""A failed task reads as a sentence, and is repeated only where that can help."""

import logging

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from acude.inbox.errors import InboxError
from acude.orchestration.runs import RunDayError
from acude.orchestration.steps import needs_a_person, readable
from acude.warehouse.errors import SchemaDriftError, UnreachableError


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


def test_only_an_error_of_the_data_or_the_call_needs_a_person() -> None:
    assert needs_a_person(RunDayError("no such day"))
    assert needs_a_person(SchemaDriftError("a column is missing"))
    assert not needs_a_person(UnreachableError("the warehouse doesn't answer"))
    assert not needs_a_person(ValueError("a fault in the code"))


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

"""A task whose failure reads as a sentence, and is repeated only where that can help."""

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from acude.errors import AcudeError
from acude.orchestration.task_settings import connected

Given = ParamSpec("Given")
Made = TypeVar("Made")

log = logging.getLogger("acude.task")

_CHATTER = ("great_expectations", "botocore", "kafka")
"""Libraries whose hundreds of INFO lines would stand before the sentence."""

_LOGS_TWICE = "pyspark.sql.connect.logging"
"""Logs as an error what it then raises, also a conflict of two commits that is simply tried again."""

_WORDS = 3
"""An error text of fewer words says too little without its class."""


def step(**options: Any) -> Callable[[Callable[..., Any]], Any]:  # noqa: ANN401 - Airflow's own arguments and result
    """Airflow's `@task` for a function that calls one job.

    Where the job fails, the exception's own sentence is the first line about it in the task's log. What is wrong with
    the data or with the call fails the task at once; anything else (a server away, a lost connection) is repeated.
    The job reads settings, and Airflow's Connections in their place.

    Args:
        options: arguments of `@task`.
    """
    decorate = task(**options)
    return lambda function: decorate(readable(connected(function)))


def readable(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """The function; an error's sentence is logged first."""

    @functools.wraps(function)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        if _LOGS_TWICE in sys.modules:
            # It is silent unless logging is configured after it was loaded, as Airflow does.
            logging.getLogger(_LOGS_TWICE).disabled = True
        for handler in logging.getLogger().handlers:
            handler.addFilter(_matters)
        try:
            return function(*args, **kwargs)
        except AirflowException:
            raise
        except Exception as problem:
            log.error("%s", _sentence(problem))  # noqa: TRY400 - the traceback follows in Airflow's own line
            if needs_a_person(problem):
                # Without the traceback: it is about the data, not about the code.
                raise AirflowFailException(str(problem)) from None
            raise

    return call


def needs_a_person(problem: Exception) -> bool:
    """Whether an error comes again however often the task is repeated."""
    return isinstance(problem, AcudeError) and not problem.retryable


def _matters(record: logging.LogRecord) -> bool:
    """Whether a line belongs in a task's log. A filter, because some of these libraries set their own levels."""
    return record.levelno >= logging.WARNING or not record.name.startswith(_CHATTER)


def _sentence(problem: Exception) -> str:
    text = str(problem).strip()
    return text if len(text.split()) > _WORDS else f"{type(problem).__name__}: {text}"

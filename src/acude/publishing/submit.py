"""A batch job as a program: `python -m jobs.batch.vendas --day D --run-id R`, or the same through spark-submit.

Airflow's tasks share one warm driver. A job that is submitted, to a cluster without that driver, has one of its own.
"""

import argparse
import json
import logging
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NoReturn

from acude.days import DayError, require_days
from acude.errors import AcudeError
from acude.lake.session import own_driver

log = logging.getLogger(__name__)

_CODES: Final = """Each step's result is a line of JSON. The same attempt may be submitted again.
Exit codes: 0 done; 1 failed, and the last line says why and what to do; 2 wrong use.
The environment has the settings (ACUDE_...), as of every other process.

Examples (`make dist` makes the files for spark-submit):"""


def day_and_run(parser: ArgumentParser) -> None:
    """Adds the day and the name of the attempt, which nearly all jobs take."""
    parser.add_argument("--day", required=True, type=_day, metavar="YYYY-MM-DD", help="the UTC day")
    parser.add_argument("--run-id", required=True, metavar="NAME", help="names the attempt, as in every other step")


@dataclass(frozen=True)
class Takes:
    """What a job takes.

    Attributes:
        arguments: adds them to the parser.
        given: what each step is called with.
        example: a call's arguments, for the help.
    """

    arguments: Callable[[ArgumentParser], None] = day_and_run
    given: Callable[[Namespace], Sequence[Any]] = lambda options: (options.day, options.run_id)
    example: str = "--day 2026-11-28 --run-id by-hand"


A_DAY: Final = Takes()
"""The day, and the name of the attempt."""

DAY_ALONE: Final = Takes(given=lambda options: (options.day,))
"""The same on the command line; the job has no use for the name."""

NOTHING: Final = Takes(arguments=lambda _: None, given=lambda _: (), example="")
"""A job that is about no day."""


def submit(
    name: str, about: str | None, *steps: Callable[..., object], takes: Takes = A_DAY, driver: bool = True
) -> NoReturn:
    """Runs a job's steps, one after the other, prints what each returns as a line of JSON, and ends the process.

    Args:
        name: the job's, after `jobs.batch.`.
        about: its module's docstring, for the help.
        steps: each takes what `takes` says.
        takes: the command line's arguments.
        driver: whether the steps need Spark.
    """
    options = _parser(name, about or "", takes).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        with own_driver(f"acude-{name}") if driver else nullcontext():
            for step in steps:
                print(json.dumps(_plain(step(*takes.given(options))), default=str), flush=True)
    except AcudeError as problem:
        log.error("%s", problem)  # noqa: TRY400 - the sentences say it
        sys.exit(problem.exit_code)
    sys.exit(0)


def _parser(name: str, about: str, takes: Takes) -> ArgumentParser:
    program = f"python -m jobs.batch.{name}"
    calls = (program, f"spark-submit --py-files acude-VERSION.zip acude-jobs.py batch.{name}")
    parser = ArgumentParser(
        prog=program,
        description=about,
        epilog="\n".join([_CODES, *(f"  {call} {takes.example}".rstrip() for call in calls)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    takes.arguments(parser)
    return parser


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        require_days(day)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day as YYYY-MM-DD, found {text!r}") from None
    except DayError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return day


def _plain(result: object) -> Any:  # noqa: ANN401 - what JSON takes
    return list(map(str, result)) if isinstance(result, list) else result

"""A batch job as a program: `python -m jobs.batch.vendas --day D --run-id R`, or the same through spark-submit.

Airflow's tasks share one warm driver. A job that is submitted, to a cluster without that driver, has one of its own.
"""

import argparse
import json
import logging
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from acude.errors import AcudeError
from acude.lake.session import own_driver

log = logging.getLogger(__name__)

Run = Callable[[date, str], object]


def submit(name: str, *steps: Run, arguments: Sequence[str] | None = None) -> int:
    """Runs a job's steps, one after the other, and prints what each returns as a line of JSON.

    Args:
        name: the job's, after `jobs.batch.`.
        steps: each takes the UTC day and the name of the attempt.
        arguments: the command line's, unless given.

    Returns:
        The exit code: 0 done; 1 failed, 2 wrong use, as of every command.
    """
    options = _options(name, arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        with own_driver(f"acude-{name}"):
            for step in steps:
                print(json.dumps(_plain(step(options.day, options.run_id)), default=str), flush=True)
    except AcudeError as problem:
        log.error("%s", problem)  # noqa: TRY400 - the sentences say it
        return problem.exit_code
    return 0


def _options(name: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m jobs.batch.{name}", description="Runs this job for one day.")
    parser.add_argument("--day", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD", help="the UTC day")
    parser.add_argument("--run-id", required=True, metavar="NAME", help="names the attempt, as in every other step")
    return parser.parse_args(arguments)


def _plain(result: object) -> Any:  # noqa: ANN401 - what JSON takes
    return list(map(str, result)) if isinstance(result, list) else result

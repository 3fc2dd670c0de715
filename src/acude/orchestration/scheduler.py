"""Airflow's scheduler with the batch's libraries loaded: `python -m acude.orchestration.scheduler --skip-serve-logs`.

The local executor forks its workers from the scheduler, and each task from a worker, so no task loads again what the
scheduler has loaded. docs/decisions/airflow-warm-scheduler.md says what that saves.
"""

import gc
import sys
import threading
from importlib import import_module

from acude.errors import AcudeError

PRELOADED = (
    "great_expectations",
    "great_expectations.expectations.core",
    "pyarrow.dataset",
    "pyspark.sql.connect.session",
    "jobs.batch.marts",
    "acude.publishing.expectations",
    "acude.reconciliation.compare",
    "jobs.batch.carga_redshift",
    "jobs.batch.exportar_vendas",
    "jobs.batch.vendas",
)
"""What tasks import, heaviest first."""


def preload() -> None:
    """Loads the batch's libraries; a library that starts a thread must not be among them.

    Raises:
        AcudeError: a thread runs afterwards. A fork copies its locks but not the thread, so a task would hang.
    """
    before = set(threading.enumerate())
    for name in PRELOADED:
        import_module(name)
    started = [thread.name for thread in threading.enumerate() if thread not in before]
    if started:
        raise AcudeError(
            f"Loading the batch's libraries started the threads {', '.join(started)}, and tasks are forked from this "
            "process.",
            f"Take what starts them out of {__name__}.PRELOADED.",
        )
    # Modules live as long as the process: keep the collector's hands off them, so that forks share their pages.
    gc.collect()
    gc.freeze()


def main() -> None:
    """Loads the libraries, then becomes Airflow's scheduler with this program's arguments."""
    preload()
    from airflow.__main__ import main as airflow  # noqa: PLC0415 - reads the configuration at import

    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    airflow()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()

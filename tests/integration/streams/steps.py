"""What a `StreamLab` does in its child process; Spark is imported there only."""

import os
import signal
from datetime import date, timedelta
from typing import Any, Literal

from acude.lake.lease import Lease
from acude.payments.series.loader import Series
from acude.settings import settings
from tests.integration.streams.streamlab import Row
from tests.waiting import awaited


def _spark() -> Any:  # noqa: ANN401 - Spark is only imported in the child
    from acude.lake.session import driver_session  # noqa: PLC0415

    return driver_session("streamlab")


def measure() -> None:
    """Step: brings the live windows up to date in one micro-batch, from where the last one ended."""
    from jobs.streaming import measure as job  # noqa: PLC0415

    _caught_up(job)


def stock() -> None:
    """Step: brings the live stock up to date."""
    from jobs.streaming import stock as job  # noqa: PLC0415

    _caught_up(job)


def payments() -> None:
    """Step: counts the minutes again that have new payments or decisions."""
    from jobs.streaming import payments as job  # noqa: PLC0415

    _caught_up(job)


def score(first: date, last: date, changes: dict[str, Any] | None = None) -> list[Row]:
    """Step: decides silver's payments again, with the product's policy or one that differs from it."""
    from acude.risk.policy import Policy, read  # noqa: PLC0415
    from acude.risk_history.scoring import score_history  # noqa: PLC0415

    policy = Policy.model_validate(read().model_dump() | (changes or {}))
    rows: list[Row] = score_history(_spark(), first, last, policy).toArrow().to_pylist()
    return rows


class Killer(Series):
    """Where the database would be asked the process is killed."""

    def catch_up(self) -> int | None:
        os.kill(os.getpid(), signal.SIGKILL)
        return None


def payments_that_end_before_the_database() -> None:
    """Step: the same, but the process is killed between gold's commit and the database's."""
    from jobs.streaming import payments as job  # noqa: PLC0415

    with _lease() as lease:
        counting = job.Counting(lease, settings())
        counting.series = Killer(settings())
        _finish(job.go_on(_spark(), counting, settings(), every=None))


def _caught_up(job: Any) -> None:  # noqa: ANN401 - Spark is only imported in the child
    with _lease() as lease:
        _finish(job.start(_spark(), lease, available_now=True))


def _lease() -> Lease:
    return Lease("streams").acquire(timedelta(seconds=60))


def _finish(query: Any) -> None:  # noqa: ANN401 - Spark is only imported in the child
    query.awaitTermination()


def compact(name: str, day: date) -> dict[str, int]:
    """Step: joins a day's files."""
    from acude.contracts.model import table  # noqa: PLC0415
    from acude.lake import maintenance  # noqa: PLC0415

    with _lease() as lease:
        return maintenance.compact(_spark(), lease, table(name), day)


def expire(name: str) -> dict[str, int]:
    """Step: deletes what nobody needs."""
    from acude.contracts.model import table  # noqa: PLC0415
    from acude.lake import maintenance  # noqa: PLC0415

    with _lease() as lease:
        return maintenance.expire(lease, table(name))


def ingest() -> None:
    """Step: lands and refines what is in the topics, then ends."""
    from jobs.streaming import ingest as job  # noqa: PLC0415

    _caught_up(job)


def register() -> None:
    """Step: tells the catalogue of the lake's tables."""
    from acude.lake.catalog import register_all  # noqa: PLC0415

    register_all()


def rebuild(prefix: str) -> dict[str, tuple[int, int]]:
    """Step: makes silver again under a prefix; returns how it differs."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    parts_rebuilt(prefix)
    return job.differences(_spark(), prefix)


def parts_rebuilt(prefix: str) -> list[int]:
    """Step: makes silver again under a prefix; returns the records of each part of bronze."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    return [part.records for part in job.rebuild(_spark(), prefix)]


def compare(prefix: str) -> dict[str, tuple[int, int]]:
    """Step: how silver differs from what was made again under a prefix."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    return job.differences(_spark(), prefix)


def take_over(prefix: str) -> None:
    """Step: puts rebuilt tables in the place of the streamed ones."""
    from acude.ingestion import rebuild as job  # noqa: PLC0415

    with _lease() as lease:
        job.take_over(lease, prefix)


def ask(action: Literal["compact", "expire"], name: str, day: date | None) -> dict[str, Any]:
    """Step: asks for maintenance, as an Airflow task does."""
    from acude.orchestration.streams import request  # noqa: PLC0415

    return request(action, name, day, wait=timedelta(minutes=4))


def serve_one_request() -> None:
    """Step: holds the streams' lease until a request has come and been served."""
    from acude.lake import maintenance_requests  # noqa: PLC0415
    from jobs.streaming.maintenance import MaintenanceWorker  # noqa: PLC0415

    with _lease() as lease:
        worker = MaintenanceWorker(_spark(), lease)
        awaited(maintenance_requests.waiting, bool)
        worker.look()
        awaited(lambda: worker.busy, lambda busy: not busy)

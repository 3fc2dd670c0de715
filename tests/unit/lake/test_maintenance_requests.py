"""A request is served by the driver that there is, or by its caller alone."""

from datetime import timedelta
from typing import Any

import pytest

from acude.contracts.model import STREAMS
from acude.lake import maintenance_requests, run_records
from acude.lake.lease import Lease
from acude.lake.maintenance_requests import ANSWERS, REQUESTS, MaintenanceRequestError, Request
from tests.buckets import MemoryBucket

MINUTE = timedelta(minutes=1)


def asked() -> list[Request]:
    return [Request(action="expire", table=name) for name in ("bronze.eventos", "silver.quarentena")]


def serve(one: Request) -> dict[str, Any]:
    if one.table == "silver.quarentena":
        raise ValueError("no room")
    return {"files": 1}


def serve_what_waits() -> None:
    for one in maintenance_requests.waiting():
        maintenance_requests.serve(one, serve)


def test_where_no_driver_runs_the_caller_serves_once_what_waits(bucket: MemoryBucket) -> None:
    given: list[float] = []

    def alone(within_s: float) -> None:
        given.append(within_s)
        serve_what_waits()

    assert maintenance_requests.request_all(asked()[:1], alone, 2 * MINUTE) == [{"files": 1}]
    with pytest.raises(MaintenanceRequestError, match=r"expire silver.quarentena : ValueError: no room"):
        maintenance_requests.request_all(asked(), alone, MINUTE / 2)
    assert [round(one) for one in given] == [120, 60]
    assert not [key for key in bucket.objects if key.startswith((REQUESTS, ANSWERS))]


@pytest.mark.usefixtures("bucket")
def test_where_a_driver_holds_the_lease_the_caller_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(_: float) -> None:
        raise AssertionError("two write the tables")

    def look_again(_: float) -> None:
        serve_what_waits()

    with Lease(STREAMS):
        monkeypatch.setattr("acude.lake.maintenance_requests.time.sleep", look_again)
        assert maintenance_requests.request_all(asked()[:1], alone, MINUTE) == [{"files": 1}]


@pytest.mark.parametrize("problem", [TimeoutError(), ValueError(" \n")], ids=["no text", "blank text"])
def test_a_failure_without_a_text_is_answered_too(bucket: MemoryBucket, problem: Exception) -> None:
    def fail(_: Request) -> dict[str, Any]:
        raise problem

    one = asked()[0]
    maintenance_requests.serve(one, fail)
    answer = run_records.get(maintenance_requests.Answer, one.answer_key)
    assert answer is not None
    assert answer.error == type(problem).__name__
    assert one.key not in bucket.objects

"""How long Airflow waits for a driver of the streams that starts. The clock and the CPU are the test's own."""

import time
from collections.abc import Iterator
from itertools import count, repeat

import pytest

from acude import process_tree
from acude.contracts.model import STREAMS
from acude.lake import lease
from acude.lake.lease import Lease
from acude.local.patience import LONGEST_S
from acude.orchestration import streams
from acude.orchestration.errors import CheckError
from tests.buckets import MemoryBucket

READY_AFTER_S = 2 * streams._PATIENCE_S
IDLE, BUSY = repeat(7.0), count(7.0, 3.0)


@pytest.fixture
def driver(bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lease]:  # noqa: ARG001 - leases lie there
    """A driver that renews its lease whenever somebody waits, and gets ready after twice the patience."""
    now = 0.0

    def passes(seconds: float) -> None:
        nonlocal now
        now += seconds
        if now > READY_AFTER_S:
            held.announce_ready()
        held._write(held._etag)

    monkeypatch.setattr(lease, "_RENEW_S", 600)
    held = Lease(STREAMS).acquire()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", passes)
    yield held
    held.release()


@pytest.mark.usefixtures("driver")
def test_a_driver_that_gets_on_is_waited_for_longer_than_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "cpu_seconds", lambda _: next(BUSY))
    assert streams.keep_alive().startswith("The streams run as process ")


@pytest.mark.usefixtures("driver")
def test_a_driver_that_does_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "cpu_seconds", lambda _: next(IDLE))
    with pytest.raises(CheckError, match=r"its queries don't get through a batch within 3\d\d s"):
        streams.keep_alive()


@pytest.mark.usefixtures("driver")
def test_a_driver_that_turns_in_a_circle_is_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.unit.orchestration.test_keep_alive.READY_AFTER_S", 2 * LONGEST_S)
    monkeypatch.setattr(process_tree, "cpu_seconds", lambda _: next(BUSY))
    with pytest.raises(CheckError, match=r"its queries don't get through a batch within 90\d s"):
        streams.keep_alive()

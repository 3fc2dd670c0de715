"""Who may write: a holder knows when its time is over, and the next one has a higher number."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from acude.lake import lease
from acude.lake.commit import LeaseLost
from acude.lake.lease import Lease, LeaseHeld
from tests.buckets import MemoryBucket, refused

NAME = "streams"
TTL = timedelta(seconds=30)


@dataclass
class Clock:
    """What the clock on the wall says, and how long the process has run."""

    now: float = 1_000_000.0
    passed: float = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture(autouse=True)
def clock(bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch) -> Clock:  # noqa: ARG001 - leases lie there
    found = Clock()
    monkeypatch.setattr(lease, "time", found)
    return found


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lease]:
    """A holder that doesn't renew by itself, and whose time is over for the others."""
    monkeypatch.setattr(lease, "_RENEW_S", 600)
    monkeypatch.setattr(lease, "_TTL", timedelta())
    found = Lease(NAME).acquire()
    monkeypatch.setattr(lease, "_TTL", TTL)
    yield found
    found.release()


def renew(holder: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the thread in the background does, until it gives up."""
    monkeypatch.setattr(lease, "_RENEW_S", 0)
    holder._keep()


def test_a_holder_whose_time_is_over_by_its_clock_is_refused(holder: Lease, clock: Clock) -> None:
    clock.passed = TTL.total_seconds()
    holder.check()
    clock.passed += 1
    with pytest.raises(LeaseLost, match="ran out"):
        holder.check()


def test_who_never_took_the_lease_is_refused() -> None:
    with pytest.raises(LeaseLost):
        Lease(NAME).check()


@pytest.mark.parametrize("step", [3_600.0, 0.0, -3_600.0], ids=["goes on", "stands", "steps back"])
def test_the_next_holders_number_is_higher_whatever_the_clock_does(holder: Lease, clock: Clock, step: float) -> None:
    clock.now += step
    with Lease(NAME) as following:
        assert following.number is not None
        assert holder.number is not None
        assert following.number > holder.number


def test_a_lost_object_does_not_make_numbers_fall(holder: Lease, clock: Clock, bucket: MemoryBucket) -> None:
    bucket.objects.clear()
    clock.now += 1
    with Lease(NAME) as following:
        assert following.number is not None
        assert holder.number is not None
        assert following.number > holder.number


def test_a_holder_that_was_overtaken_finds_out_when_it_renews(holder: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    holder.check()
    with Lease(NAME) as following:
        renew(holder, monkeypatch)
        with pytest.raises(LeaseLost):
            holder.check()
        holder.release()
        following.check()
        assert following.holder() is not None


def test_a_holder_outlasts_a_store_that_is_away_for_less_than_its_time(
    holder: Lease, clock: Clock, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, tries = bucket.put_object, []

    def away_for_a_while(**given: str) -> object:
        tries.append(given)
        if len(tries) < 3:
            clock.passed += 10
            raise refused("503")
        holder._stop.set()
        return write(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(bucket, "put_object", away_for_a_while)
    renew(holder, monkeypatch)
    holder.check()
    assert len(tries) == 3


def test_a_holder_gives_up_when_the_store_is_away_for_longer(
    holder: Lease, clock: Clock, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        clock.passed += 16
        raise refused("503")

    monkeypatch.setattr(bucket, "put_object", away)
    renew(holder, monkeypatch)
    assert holder.lost.is_set()


def test_a_lease_that_is_held_is_not_taken() -> None:
    with Lease(NAME) as holder, pytest.raises(LeaseHeld, match="being written by process"):
        Lease(NAME).acquire()
    assert holder.holder() is None

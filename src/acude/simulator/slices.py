"""Sends in slices: each is written to the ledger at once, before its first record leaves."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, TypeVar

SLICE: Final = 2_000
"""Most sends of a slice."""

_TICK_S: Final = 0.05
Sent = TypeVar("Sent")


def by_clock(sends: Iterator[Sent], due: Callable[[Sent], datetime], stop: threading.Event) -> Iterator[list[Sent]]:
    """Slices of what is due by the real clock. A producer that falls behind sends old times, as a real one would.

    Args:
        sends: in the order of their times.
        due: a send's time, UTC.
        stop: ends the slices when it is set.
    """
    batch: list[Sent] = []
    for one in sends:
        while (wait_s := (due(one) - datetime.now(UTC)).total_seconds()) > 0:
            if batch:
                yield batch
                batch = []
            # Never shorter than a tick: a slice per record would be a write to the ledger per record.
            if stop.wait(max(_TICK_S, wait_s)):
                return
        batch.append(one)
        if len(batch) >= SLICE:
            yield batch
            batch = []
    if batch:
        yield batch

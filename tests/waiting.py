"""Waiting for what servers do in their own time."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

PATIENCE_S = 60
T = TypeVar("T")


def awaited(call: Callable[[], T], good: Callable[[T], bool], patience_s: float = PATIENCE_S) -> T:
    """What the call gives, as soon as it is good; an error where that takes longer than `patience_s`."""
    patient = Retrying(
        retry=retry_if_result(lambda found: not good(found)), stop=stop_after_delay(patience_s), wait=wait_fixed(0.3)
    )
    return patient(call)

"""How an entity's history lies in Valkey: a sorted set of records, and a hash of the hours of those they displaced."""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Final

import numpy as np

from acude.risk.history import HOUR, HOUR_US, NO_HOURS, History, Hours, joined, of_records
from acude.risk.payment import records

ADD: Final = Path(__file__).with_name("velocity_add.lua").read_text(encoding="utf-8")
"""Adds records to sets, and what they displace to the hashes; runs in Valkey, so that no worker comes between."""

STORE_DISPUTES: Final = Path(__file__).with_name("velocity_disputes.lua").read_text(encoding="utf-8")
"""Keeps which payments at terminals were frauds, by the last dispute on each (`acude.risk.disputes`)."""

READ: Final = (
    "local found = {} for at = 1, #KEYS, 2 do"
    " found[at] = redis.call('ZRANGE', KEYS[at], 0, -1) found[at + 1] = redis.call('HGETALL', KEYS[at + 1])"
    " end return found"
)
"""The whole of sets and of the hashes beside them; a hash is a list of its names and values by turns."""

_SUMS: Final = np.dtype([("count", "<i8"), ("cents", "<i8")])
_DAY_H: Final = 24


def hours_key(key: bytes) -> bytes:
    """The hash beside an entity's set."""
    return key + b":horas"


def history_of_keys(found: Sequence[tuple[list[bytes], list[bytes]]]) -> History:
    """A history from the set and the hash of each key that an entity has; a payment that two sets hold counts once.

    Args:
        found: what `READ` says of each key.
    """
    if len(found) == 1:
        return History(records(found[0][0]), hours_of(found[0][1]))
    whole = of_records(records(list({row for rows, _ in found for row in rows})))
    return whole._replace(hours=reduce(joined, (hours_of(sums) for _, sums in found), whole.hours))


def hours_of(sums: Sequence[bytes]) -> Hours:
    """The hours of a hash, by turns a day's number since 1970 and the sums of its 24 hours."""
    if not sums:
        return NO_HOURS
    days = np.array(list(map(int, sums[::2])), np.int64)
    values = np.frombuffer(b"".join(sums[1::2]), _SUMS)
    found = np.empty(len(values), HOUR)
    found["at"] = ((days * _DAY_H)[:, np.newaxis] + np.arange(_DAY_H)).ravel() * HOUR_US
    found["count"], found["cents"] = values["count"], values["cents"]
    found = found[found["count"] > 0]
    found.sort(order="at")
    return found

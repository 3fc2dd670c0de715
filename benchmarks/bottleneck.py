"""What holds a load back: how much of a core each service takes while it lasts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psutil

from acude.local.platform import Platform

_CLIENT: Final = "this client"
_BUSY: Final = 0.9
_SHOWN: Final = 5


@contextmanager
def watched(platform: Platform) -> Iterator[dict[str, Any]]:
    """Watches while the body runs.

    Args:
        platform: whose services do the work; what they all take is compared with what the machine has.

    Yields:
        Filled in at the end: `cores` (of each service, the heaviest first), `bottleneck`, in words, and `cpu_s`, CPU
        seconds of each service that took any.
    """
    found: dict[str, Any] = {}
    before, idle, began = _cpu_s(platform), psutil.cpu_times().idle, time.monotonic()
    yield found
    took, number = time.monotonic() - began, psutil.cpu_count() or 1
    cpu_s = {name: used - before.get(name, 0.0) for name, used in _cpu_s(platform).items()}
    found["cpu_s"] = dict(sorted(cpu_s.items(), key=lambda entry: -entry[1]))
    cores = {name: round(used / took, 2) for name, used in list(found["cpu_s"].items())[:_SHOWN]}
    busy = 1 - (psutil.cpu_times().idle - idle) / took / number
    found |= {"cores": cores, "bottleneck": named(cores, busy, number)}


def named(cores: dict[str, float], busy: float, number: int) -> str:
    """The bottleneck in words.

    >>> named({"risk-api": 0.97, "kafka": 0.3}, 0.7, 2)
    'risk-api, which takes 97 % of the one core that it can use'
    >>> named({"risk-api": 0.8, "kafka": 0.6}, 0.98, 2)
    'the 2 cores, 98 % busy: risk-api 0.80, kafka 0.60'
    >>> named({"risk-api": 0.2}, 0.3, 2)
    'no CPU: the heaviest is risk-api with 0.20 of a core'
    """
    heaviest, most = next(iter(cores.items()))
    if busy >= _BUSY:
        shares = ", ".join(f"{name} {used:.2f}" for name, used in cores.items())
        return f"the {number} cores, {busy * 100:.0f} % busy: {shares}"
    if most >= _BUSY:
        return f"{heaviest}, which takes {most * 100:.0f} % of the one core that it can use"
    return f"no CPU: the heaviest is {heaviest} with {most:.2f} of a core"


def each(cpu_s: dict[str, float], payments: int) -> dict[str, float]:
    """CPU a payment by service, in milliseconds, the heaviest first, and of all services together.

    >>> each({"risk-api": 12.0, "kafka": 6.0, "this client": 9.0, "valkey": 0.0001}, 6000)
    {'risk-api': 2.0, 'kafka': 1.0, 'all': 3.0}
    """
    taken = {name: round(used * 1000 / payments, 2) for name, used in cpu_s.items() if name != _CLIENT}
    shown = {name: used for name, used in taken.items() if used}
    return shown | {"all": round(sum(shown.values()), 2)}


def _cpu_s(platform: Platform) -> dict[str, float]:
    """CPU seconds so far by service, with those of its processes that live."""
    pids = {row.name: row.pid for row in platform.status(thorough=False) if row.pid}
    found = {name: sum(map(_used_s, _family(pid))) for name, pid in pids.items()}
    return found | {_CLIENT: _used_s(psutil.Process())}


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _used_s(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:2]))
    except psutil.NoSuchProcess:
        return 0.0

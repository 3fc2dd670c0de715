"""What a process and its children use of this machine."""

from collections.abc import Callable
from contextlib import suppress

import psutil


def memory_bytes(pid: int) -> int:
    """Memory of a process and its children: PSS (shared pages counted by share), RSS where PSS can't be read."""
    return int(_sum(pid, _memory))


def cpu_seconds(pid: int) -> float:
    """CPU that a process and its children have used, those that have ended among them: by it others see it get on."""
    return _sum(pid, lambda process: sum(process.cpu_times()[:4]))


def _sum(pid: int, of: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += of(member)
    return total


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)

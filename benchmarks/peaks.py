"""The peak memory and the CPU time of each process of a platform, by their names."""

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from acude.local import processes

_EVERY_S = 0.3
_MIB = 2**20


class Peaks:
    """Looks at the processes as long as its block runs.

    Attributes:
        mib: memory that is no other process's (USS): the largest of each name; of processes of one name the largest
            one's.
    """

    def __init__(self, var: Path) -> None:
        self.mib: dict[str, int] = {}
        self._var = var
        self._names: dict[int, str] = {}
        self._before: dict[int, float] = {}
        self._cpu: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def name(self, pid: int, name: str) -> None:
        """Names a process that isn't the platform's."""
        self._names[pid] = name

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all processes, as long as they were looked at."""
        return sum(seconds - self._before.get(pid, 0) for pid, seconds in self._cpu.items())

    def __enter__(self) -> Self:
        self._before = {one.pid: _cpu(one) for one in processes.marked(self._var)}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.mib = dict(sorted(self.mib.items(), key=lambda one: -one[1]))

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            others = [psutil.Process(pid) for pid in list(self._names) if psutil.pid_exists(pid)]
            for process in [*processes.marked(self._var), *others]:
                with suppress(psutil.Error):
                    self._cpu[process.pid] = _cpu(process)
                    name = self._names.get(process.pid) or _named(process)
                    self.mib[name] = max(self.mib.get(name, 0), round(process.memory_full_info().uss / _MIB))


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0
    return float(times.user + times.system)


def _named(process: psutil.Process) -> str:
    """What it is, short: `java spark-batch`, `pyspark worker`, `postgres`."""
    words = process.cmdline()
    text = " ".join(words)
    for mark, name in (
        ("pyspark.daemon", "Spark's Python worker"),
        ("SparkSubmit", "Spark's JVM"),
        ("connect_server", "Spark's server"),
        ("trino", "Trino"),
    ):
        if mark in text:
            return name
    return process.name()

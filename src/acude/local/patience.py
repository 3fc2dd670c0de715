"""How long a process that starts is waited for: as long as it gets on."""

import time

_LEAST_CPU_S = 2
"""A JVM that waits for something that never comes uses up to a second a minute, too."""

LONGEST_S = 900
"""For a process that turns in a circle."""


class Patience:
    """Counts from the last sign of progress: CPU that a process used, or lines in its log.

    A machine with much else to do gives a process little CPU, and a start takes minutes there.

    Args:
        still_s: how long it may go on without a sign of progress.
        longest_s: how long in all.

    Attributes:
        cpu_s: CPU that it had used at the last sign of progress, seconds.
    """

    def __init__(self, still_s: float, longest_s: float = LONGEST_S) -> None:
        self._still_s, self._longest_s = still_s, longest_s
        self._began = self._moved = time.monotonic()
        self.cpu_s, self._log_bytes = 0.0, 0

    def look(self, cpu_s: float, log_bytes: int = 0) -> None:
        """What can be seen of the process now; less CPU than before is another process."""
        if abs(cpu_s - self.cpu_s) >= _LEAST_CPU_S or log_bytes != self._log_bytes:
            self._moved, self.cpu_s, self._log_bytes = time.monotonic(), cpu_s, log_bytes

    @property
    def is_over(self) -> bool:
        """Whether it gets on no more."""
        return self.still_s > self._still_s or self.waited_s > self._longest_s

    @property
    def waited_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def still_s(self) -> float:
        """Seconds since the last sign of progress."""
        return time.monotonic() - self._moved

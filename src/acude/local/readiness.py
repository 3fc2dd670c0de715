"""Waits until a service answers, as long as its process gets on, or says why it doesn't."""

import threading
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_not_exception_type, stop_when_event_set, wait_fixed

from acude.local import processes
from acude.local.errors import PlatformError
from acude.local.service import Service
from acude.local.supervisor import Supervisor, log_path
from acude.settings import Settings

_MOST_LIVES = 3
_PAUSE_S = 0.5
"""Between two questions: a dozen servers that are asked meanwhile take their time from those that start."""

_LEAST_CPU_S = 2
"""A JVM that waits for something that never comes uses up to a second a minute, too."""

_LONGEST_S = 900
"""For a process that turns in a circle."""

_SAY_EVERY_S = 15

Say = Callable[[str], None]
"""Called now and then with what a service has done so far."""


def log_tail(config: Settings, name: str, lines: int = 15) -> list[str]:
    """The last lines of a service's log."""
    path = log_path(config, name)
    return path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []


class Waiting:
    """Waits for one service. Its patience counts from its last progress: CPU that it used, or lines in its log.

    A machine with much else to do gives it little CPU, and a start takes minutes there.
    """

    def __init__(self, service: Service, config: Settings, supervisor: Supervisor, say: Say) -> None:
        self._service, self._config, self._supervisor, self._say = service, config, supervisor, say
        self._lives: set[int] = set()
        self._began = self._moved = self._said = time.monotonic()
        self._cpu_s, self._log_bytes = 0.0, 0

    def ask(self) -> None:
        """One question.

        Raises:
            PlatformError: the supervisor has given up, or has started it too often for it to get better.
            Exception: whatever the service's client raises while it doesn't answer.
        """
        info = self._supervisor.info()[self._service.name]
        self._lives.add(info["pid"])
        # One that has just exited is started again in a moment, as long as the supervisor has not given up.
        if info["statename"] in {"FATAL", "STOPPED"} or len(self._lives - {0}) > _MOST_LIVES:
            why = info["spawnerr"] or f"exit status {info['exitstatus']}"
            raise self._failed(f"dies as soon as it is started ({why})")
        self._look(info["pid"])
        self._service.ready(self._config)

    def _look(self, pid: int) -> None:
        path, now = log_path(self._config, self._service.name), time.monotonic()
        cpu_s, log_bytes = processes.cpu_seconds(pid), path.stat().st_size if path.exists() else 0
        if abs(cpu_s - self._cpu_s) >= _LEAST_CPU_S or log_bytes != self._log_bytes:
            self._moved, self._cpu_s, self._log_bytes = now, cpu_s, log_bytes
        if now - self._said >= _SAY_EVERY_S:
            self._said = now
            self._say(f"starting, {now - self._began:.0f} s so far, {cpu_s:.0f} of CPU")

    def is_over(self) -> bool:
        """Whether it gets on no more."""
        now = time.monotonic()
        return now - self._moved > self._service.timeout_s or now - self._began > _LONGEST_S

    def give_up(self, state: RetryCallState) -> None:
        """Says why.

        Raises:
            PlatformError: always.
        """
        last, now = state.outcome.exception() if state.outcome else None, time.monotonic()
        raise self._failed(
            f"runs but did not answer within {now - self._began:.0f} s; its last sign of progress was "
            f"{now - self._moved:.0f} s ago (last answer: {last!r})"
        )

    def _failed(self, what: str) -> PlatformError:
        name = self._service.name
        advice = f"Its last lines are above; the whole log: `acude logs {name}`."
        return PlatformError(f"{name} {what}.", advice, log_tail(self._config, name))


def wait_ready(
    service: Service,
    config: Settings,
    supervisor: Supervisor,
    give_up: threading.Event,
    say: Say = lambda _: None,
) -> None:
    """Returns once a service answers.

    Args:
        service: it was started.
        config: the platform's.
        supervisor: looks after it.
        give_up: ends the waiting.
        say: called with what it does meanwhile.

    Raises:
        PlatformError: it dies, gets on no more, or `give_up` was set; the error has the end of its log.
    """
    waiting = Waiting(service, config, supervisor, say)
    attempts = Retrying(
        retry=retry_if_not_exception_type(PlatformError),
        stop=lambda state: waiting.is_over() or stop_when_event_set(give_up)(state),
        wait=wait_fixed(_PAUSE_S),
        retry_error_callback=waiting.give_up,
    )
    attempts(waiting.ask)

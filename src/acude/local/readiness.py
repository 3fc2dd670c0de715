"""Waits until a service answers, as long as its process gets on, or says why it doesn't."""

import threading
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_not_exception_type, stop_when_event_set, wait_fixed

from acude import process_tree
from acude.local.errors import PlatformError
from acude.local.patience import Patience
from acude.local.service import Service
from acude.local.supervisor import Supervisor, log_path
from acude.settings import Settings

_MOST_LIVES = 3
_PAUSE_S = 0.5
"""Between two questions: a dozen servers that are asked meanwhile take their time from those that start."""

_SAY_EVERY_S = 15

Say = Callable[[str], None]
"""Called now and then with what a service has done so far."""


def log_tail(config: Settings, name: str, lines: int = 15) -> list[str]:
    """The last lines of a service's log."""
    path = log_path(config, name)
    return path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []


class Waiting:
    """Waits for one service, as long as it gets on."""

    def __init__(self, service: Service, config: Settings, supervisor: Supervisor, say: Say) -> None:
        self._service, self._config, self._supervisor, self._say = service, config, supervisor, say
        self._lives: set[int] = set()
        self._patience, self._said = Patience(service.timeout_s), time.monotonic()

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
        path, cpu_s = log_path(self._config, self._service.name), process_tree.cpu_seconds(pid)
        self._patience.look(cpu_s, path.stat().st_size if path.exists() else 0)
        if time.monotonic() - self._said >= _SAY_EVERY_S:
            self._said = time.monotonic()
            self._say(f"starting, {self._patience.waited_s:.0f} s so far, {cpu_s:.0f} of CPU")

    def is_over(self) -> bool:
        """Whether it gets on no more."""
        return self._patience.is_over

    def give_up(self, state: RetryCallState) -> None:
        """Says why.

        Raises:
            PlatformError: always.
        """
        last = state.outcome.exception() if state.outcome else None
        raise self._failed(
            f"runs but did not answer within {self._patience.waited_s:.0f} s; its last sign of progress was "
            f"{self._patience.still_s:.0f} s ago (last answer: {last!r})"
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

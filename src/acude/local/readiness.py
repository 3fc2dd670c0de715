"""Waits until a service answers, or says why it doesn't."""

import threading

from tenacity import Retrying, retry_if_not_exception_type, stop_after_delay, stop_when_event_set, wait_fixed

from acude.local.errors import PlatformError
from acude.local.service import Service
from acude.local.supervisor import Supervisor, log_path
from acude.settings import Settings

_MOST_LIVES = 3
_PAUSE_S = 0.5
"""Between two questions: a dozen servers that are asked meanwhile take their time from those that start."""


def log_tail(config: Settings, name: str, lines: int = 15) -> list[str]:
    """The last lines of a service's log."""
    path = log_path(config, name)
    return path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []


def wait_ready(service: Service, config: Settings, supervisor: Supervisor, give_up: threading.Event) -> None:
    """Returns once a service answers.

    Raises:
        PlatformError: it dies, doesn't answer in time, or `give_up` was set; the error has the end of its log.
    """
    lives: set[int] = set()

    def ask() -> None:
        _require_alive(service, config, supervisor, lives)
        service.ready(config)

    attempts = Retrying(
        retry=retry_if_not_exception_type(PlatformError),
        stop=stop_after_delay(service.timeout_s) | stop_when_event_set(give_up),
        wait=wait_fixed(_PAUSE_S),
        retry_error_callback=lambda state: _too_late(
            service, config, state.outcome.exception() if state.outcome else None
        ),
    )
    attempts(ask)


def _require_alive(service: Service, config: Settings, supervisor: Supervisor, lives: set[int]) -> None:
    """Raises when the supervisor has given up, or has started the service too often for it to get better."""
    info = supervisor.info()[service.name]
    lives.add(info["pid"])
    # One that has just exited is started again in a moment, as long as the supervisor has not given up.
    if info["statename"] in {"FATAL", "STOPPED"} or len(lives - {0}) > _MOST_LIVES:
        why = info["spawnerr"] or f"exit status {info['exitstatus']}"
        raise PlatformError(
            f"{service.name} dies as soon as it is started ({why}).",
            f"Its last lines are above; the whole log: `acude logs {service.name}`.",
            log_tail(config, service.name),
        )


def _too_late(service: Service, config: Settings, last: BaseException | None) -> None:
    raise PlatformError(
        f"{service.name} runs but did not answer within {service.timeout_s:.0f} s (last answer: {last!r}).",
        f"Its last lines are above; the whole log: `acude logs {service.name}`.",
        log_tail(config, service.name),
    )

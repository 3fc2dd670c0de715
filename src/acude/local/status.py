"""What `acude status` shows of each service."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from acude import process_tree
from acude.local import ports
from acude.local.answering import Answer, ask_all
from acude.local.service import Service
from acude.local.services import all_services
from acude.local.supervisor import Supervisor, log_path
from acude.settings import Settings

_FAILING_AFTER: Final = 3
_SETTLED_S: Final = 300
"""A service that ended by itself so often has recovered only once it has run for so long."""


@dataclass(frozen=True)
class ServiceStatus:
    """One row of ``acude status``.

    Attributes:
        state: up, starting, `not ready`, hangs, failing, stopped or failed.
        note: what the service says of itself where it is not up.
    """

    name: str
    purpose: str
    state: str
    pid: int | None
    memory_bytes: int
    restarts: int
    address: str
    login: str
    live: bool
    note: str = ""


def status(config: Settings, supervisor: Supervisor, *, thorough: bool) -> list[ServiceStatus]:
    """One row per service; only where it is `thorough`, memory is counted, and each service is asked how it is."""
    info = supervisor.info() if supervisor.is_running() else {}
    deaths = _deaths(config) if info else {}
    services = all_services(config)
    states = {one.name: state_of(one, info.get(one.name, {}), deaths.get(one.name, 0), config) for one in services}
    asked = ask_all((one for one in services if states[one.name] == "up"), config) if thorough else {}
    rows = []
    for service in services:
        own = info.get(service.name, {})
        pid = own.get("pid") or None
        answer = _answer(service, own, asked.get(service.name, Answer(states[service.name])))
        rows.append(
            ServiceStatus(
                name=service.name,
                purpose=service.purpose,
                state=answer.state,
                pid=pid,
                memory_bytes=process_tree.memory_bytes(pid) if pid and thorough else 0,
                restarts=deaths.get(service.name, 0),
                address=service.address,
                login=service.login,
                live=service.live,
                note=answer.said,
            )
        )
    return rows


def _answer(service: Service, info: Mapping[str, Any], answer: Answer) -> Answer:
    """What a service says of itself; one that has just begun may take its time."""
    begins = bool(info) and info["now"] - info["start"] < service.timeout_s
    return answer._replace(state="starting") if begins and answer.state in {"not ready", "hangs"} else answer


def _deaths(config: Settings) -> dict[str, int]:
    """How often each service ended by itself since the supervisor's start; only the supervisor's log records it."""
    path = log_path(config, "supervisord")
    text = path.read_text(errors="replace") if path.exists() else ""
    deaths: dict[str, int] = {}
    for name in re.findall(r"exited: (\S+) \(", text.rpartition("supervisord started with pid")[2]):
        deaths[name] = deaths.get(name, 0) + 1
    return deaths


def state_of(service: Service, info: Mapping[str, Any], deaths: int, config: Settings) -> str:
    """The supervisor's state and the service's ports in one word.

    Args:
        service: which.
        info: what the supervisor knows of it; empty where it knows nothing.
        deaths: how often it ended by itself.
        config: says where it listens.
    """
    statename = info.get("statename", "STOPPED")
    if statename in {"RUNNING", "STARTING"}:
        if deaths >= _FAILING_AFTER and info["now"] - info["start"] < _SETTLED_S:
            # A service that ends in each of its first minutes gets nowhere, though it mostly runs when it is asked.
            return "failing"
        silent = any(ports.is_free(port, host) for host, port, _ in service.places(config))
        return "starting" if silent else "up"
    return "failed" if statename in {"BACKOFF", "FATAL"} else "stopped"

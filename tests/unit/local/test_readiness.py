"""How long a start is waited for. The clock and the CPU are the test's own: a busy machine must not decide it."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest

from acude import process_tree
from acude.local import readiness
from acude.local.errors import PlatformError
from acude.local.patience import Patience
from acude.local.readiness import wait_ready
from acude.local.service import Service
from acude.settings import Settings

PATIENCE_S = 60
IDLE, BUSY = repeat(1.0), count(1.0, 3.0)


class OneProcess:
    """A supervisor of one process."""

    def info(self) -> dict[str, dict[str, Any]]:
        """As supervisord says it."""
        return {"kafka": {"pid": 1, "statename": "RUNNING", "spawnerr": "", "exitstatus": 0}}


class Clock:
    """Seconds that pass with each question."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the waiting, and of whatever else counts seconds meanwhile."""
    found = Clock()
    monkeypatch.setattr(time, "monotonic", found.monotonic)
    monkeypatch.setattr(readiness, "_PAUSE_S", 0)
    return found


def wait(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, cpu: Iterator[float], log: Path, *, lines: bool = False
) -> list[str]:
    """Waits for a server that answers after ten times its patience; what was said meanwhile."""
    monkeypatch.setattr(process_tree, "cpu_seconds", lambda _: next(cpu))
    log.parent.mkdir()

    def ready(_: Settings) -> None:
        clock.now += 10
        if lines:
            with log.open("a") as file:
                file.write("recovering\n")
        if clock.now < 10 * PATIENCE_S:
            raise ConnectionError("nobody")

    said: list[str] = []
    service = Service("kafka", "broker", [], ready, "", timeout_s=PATIENCE_S)
    config = Settings(_env_file=None, var=log.parents[1])  # type: ignore[call-arg]
    wait_ready(service, config, OneProcess(), threading.Event(), said.append)  # type: ignore[arg-type]
    return said


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The server's log, not there yet."""
    return tmp_path / "log" / "kafka.log"


def test_a_process_that_gets_on_is_waited_for_longer_than_its_patience(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    said = wait(clock, monkeypatch, BUSY, log)
    assert len(said) > 5
    assert said[0].startswith("starting, 20 s so far, ")


def test_a_process_that_does_nothing_is_given_up(clock: Clock, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    with pytest.raises(PlatformError, match="kafka runs but did not answer within 70 s; its last sign of progress was"):
        wait(clock, monkeypatch, IDLE, log)


def test_a_line_in_the_log_is_a_sign_of_progress(clock: Clock, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    wait(clock, monkeypatch, IDLE, log, lines=True)


def test_a_process_that_turns_in_a_circle_is_given_up_in_the_end(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    monkeypatch.setattr(readiness, "Patience", partial(Patience, longest_s=100))
    with pytest.raises(PlatformError, match="did not answer within 110 s"):
        wait(clock, monkeypatch, BUSY, log)

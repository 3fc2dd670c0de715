"""How long a start is waited for."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acude.local import readiness
from acude.local.errors import PlatformError
from acude.local.readiness import wait_ready
from acude.local.service import Service
from acude.settings import Settings

IDLE = "import time; time.sleep(60)"
BUSY = "while True: pass"
PATIENCE_S = 0.5


class OneProcess:
    """A supervisor of one process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def info(self) -> dict[str, dict[str, Any]]:
        """As supervisord says it."""
        return {"kafka": {"pid": self.pid, "statename": "RUNNING", "spawnerr": "", "exitstatus": 0}}


@pytest.fixture
def start() -> Iterator[Callable[[str], OneProcess]]:
    """Starts a Python program."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(program: str) -> OneProcess:
        started.append(subprocess.Popen([sys.executable, "-c", program]))
        return OneProcess(started[-1].pid)

    yield begin
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tenths of seconds instead of minutes."""
    monkeypatch.setattr(readiness, "_PAUSE_S", 0.01)
    monkeypatch.setattr(readiness, "_LEAST_CPU_S", 0.01)
    monkeypatch.setattr(readiness, "_SAY_EVERY_S", 0.05)


def never(_: Settings) -> None:
    """Nobody answers."""
    raise ConnectionError("nobody")


def late() -> Callable[[Settings], None]:
    """Answers when its patience would have ended twice."""
    then = time.monotonic() + 2.4 * PATIENCE_S

    def ready(config: Settings) -> None:
        if time.monotonic() < then:
            never(config)

    return ready


def wait(tmp_path: Path, process: OneProcess, ready: Callable[[Settings], None]) -> list[str]:
    """Waits; what was said meanwhile."""
    said: list[str] = []
    service = Service("kafka", "broker", [], ready, "", timeout_s=PATIENCE_S)
    config = Settings(_env_file=None, var=tmp_path)  # type: ignore[call-arg]
    wait_ready(service, config, process, threading.Event(), said.append)  # type: ignore[arg-type]
    return said


def test_a_process_that_gets_on_is_waited_for_longer_than_its_patience(
    tmp_path: Path, start: Callable[[str], OneProcess]
) -> None:
    said = wait(tmp_path, start(BUSY), late())
    assert any("of CPU" in one for one in said)


def test_a_process_that_does_nothing_is_given_up(tmp_path: Path, start: Callable[[str], OneProcess]) -> None:
    with pytest.raises(PlatformError, match=r"kafka runs but did not answer .* last sign of progress was"):
        wait(tmp_path, start(IDLE), never)


def test_a_line_in_the_log_is_a_sign_of_progress(tmp_path: Path, start: Callable[[str], OneProcess]) -> None:
    log = tmp_path / "log" / "kafka.log"
    log.parent.mkdir()
    answer = late()

    def ready(config: Settings) -> None:
        with log.open("a") as file:
            file.write("recovering\n")
        answer(config)

    wait(tmp_path, start(IDLE), ready)


def test_a_process_that_turns_in_a_circle_is_given_up_in_the_end(
    tmp_path: Path, start: Callable[[str], OneProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_LONGEST_S", 2 * PATIENCE_S)
    with pytest.raises(PlatformError, match="did not answer"):
        wait(tmp_path, start(BUSY), never)

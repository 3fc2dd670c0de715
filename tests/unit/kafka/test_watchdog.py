"""A process that hangs is ended."""

import subprocess
import sys
import threading

from acude.kafka.watchdog import STUCK, watch


def test_a_process_that_hangs_is_ended_and_one_that_lives_is_not() -> None:
    lives, ended, done = iter([True, False]), list[int](), threading.Event()

    def end(status: int) -> None:
        ended.append(status)
        done.set()

    watch(lambda: next(lives), end)
    assert done.wait(30)
    assert (ended, list(lives)) == ([STUCK], [])


def test_a_service_whose_clients_are_never_ready_is_ended() -> None:
    lines = (
        "import threading",
        "from acude.kafka import service",
        "from acude.settings import settings",
        "service._BUILT_WITHIN_S = 0.5",
        "service.run_service('risk-worker', settings(), 0, lambda *_: threading.Event().wait())",
    )
    assert subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False, timeout=60).returncode == STUCK

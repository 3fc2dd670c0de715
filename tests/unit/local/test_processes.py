import os
import subprocess
from pathlib import Path

from acude.local.processes import MARK, end_marked, marked


def sleeper(mark: str | None) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **({MARK: mark} if mark else {})}
    return subprocess.Popen(["sleep", "60"], env=environment)


def test_only_processes_with_the_platforms_mark_are_ended(tmp_path: Path) -> None:
    ours, others, strangers = sleeper(str(tmp_path)), sleeper(str(tmp_path / "other")), sleeper(None)
    try:
        assert [process.pid for process in marked(tmp_path)] == [ours.pid]
        assert end_marked(tmp_path) == 1
        assert ours.poll() is not None
        assert (others.poll(), strangers.poll()) == (None, None)
    finally:
        for process in (ours, others, strangers):
            process.kill()
            process.wait()


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    environment = {**os.environ, MARK: str(tmp_path)}
    with subprocess.Popen(["bash", "-c", script], env=environment, stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout
        stubborn.stdout.readline()
        end_marked(tmp_path, patience_s=0.5)
        assert stubborn.poll() is not None

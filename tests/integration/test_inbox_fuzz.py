"""Nothing that a file's bytes can spell ends the reader's process or raises anything but the day's refusal."""

import subprocess
import sys

import pytest

from acude.settings import PROJECT


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)])])
def test_every_file_is_read_or_refused(count: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.inbox_fuzz", str(count)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    seen = dict(line.split(": ") for line in done.stdout.splitlines())
    assert sum(map(int, seen.values())) == count
    # All six: files that are only refused would tell little of what comes behind the refusal.
    assert len(seen) == 6
    assert min(map(int, seen.values())) > count / 50

"""Runs a fuzz in a process of its own: where that ends by a signal, the test fails and pytest lives."""

import subprocess
import sys

import pytest

from acude.settings import PROJECT

SEED = 20261128
FEW, MANY = 5_000, 100_000
_STEP = 500


def assert_survived(module: str, what: str, of: str, count: int) -> str:
    """Runs `python -m tests.fuzz.<module> WHAT OF SEED FIRST END STEP`.

    Returns:
        The last line that it printed.
    """
    found = _run([module, what, of], range(0, count, _STEP))
    lines = found.stdout.splitlines()
    if found.returncode:
        # The last line names the step that was not finished; one by one its inputs show which it was.
        first = int(lines[-1].split()[3]) if lines else 0
        alone = _run([module, what, of], range(first, first + _STEP))
        shown = alone.stdout.splitlines()[-1] if alone.returncode else "none fails alone"
        pytest.fail(f"{' '.join(found.args)}: {found.returncode}\n{found.stderr[-3000:]}\n{shown[:3000]}")
    return lines[-1]


def _run(fuzz: list[str], inputs: range) -> "subprocess.CompletedProcess[str]":
    numbers = [str(number) for number in (SEED, inputs.start, inputs.stop, inputs.step)]
    module, *which = fuzz
    command = [sys.executable, "-m", f"tests.fuzz.{module}", *which, *numbers]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

"""Breaks the code on purpose, a rule at a time, and runs the tests that must notice: `make mutants`.

Each mutant is made in a checkout of its own, of what is committed, so the working tree stays as it is. A mutant that
lives is a rule that no test holds.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from acude.settings import settings

PROJECT = Path(__file__).parents[2]
LIST = "tests/mutants/mutants.yaml"


class Mutant(BaseModel):
    """A broken rule.

    Attributes:
        name: what is broken.
        file: where.
        old: the line's text, there once.
        new: what stands in its place.
        tests: those that must fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: list[str]


def mutants(checkout: Path) -> list[Mutant]:
    """All of the checkout's list, which goes with its code."""
    return [Mutant.model_validate(one) for one in yaml.safe_load((checkout / LIST).read_text())]


def lives(mutant: Mutant, checkout: Path) -> bool:
    """Whether the tests pass though the rule is broken.

    Raises:
        SystemExit: the text isn't there exactly once, the list must follow the code; or the tests didn't run.
    """
    file = checkout / mutant.file
    whole = file.read_text()
    if whole.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.name}: {mutant.old!r} is {whole.count(mutant.old)} times in {mutant.file}, not once")
    file.write_text(whole.replace(mutant.old, mutant.new))
    try:
        code = _tested(mutant.tests, checkout)
    finally:
        file.write_text(whole)
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise SystemExit(f"{mutant.name}: pytest ended with {code}; its tests did not run")
    return code == pytest.ExitCode.OK


def _tested(tests: list[str], checkout: Path) -> int:
    """Pytest's exit code; with servers of the checkout's own where tests take them."""
    installed = {f"ACUDE_{name.upper()}": str(getattr(settings(), name)) for name in ("jars", "trino_home")}
    own = {"PYTHONPATH": f"{checkout / 'src'}:{checkout}", "PYTEST_XDIST_WORKER": "gw8"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=checkout, env=os.environ | installed | own, capture_output=True, check=False)
    return done.returncode


def main() -> int:
    """Runs all mutants; returns the number that live."""
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "acude"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(checkout)], cwd=PROJECT, check=True)
        try:
            wanted = mutants(checkout)
            if _tested(sorted({test for mutant in wanted for test in mutant.tests}), checkout) != pytest.ExitCode.OK:
                raise SystemExit("The tests fail without any mutant: mend them first")
            for mutant in wanted:
                survived = lives(mutant, checkout)
                alive += survived
                print(f"{'LIVES' if survived else 'dies '}  {mutant.name}", flush=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(checkout)], cwd=PROJECT, check=True)
    print(f"{alive} of {len(wanted)} mutants live")
    return alive


if __name__ == "__main__":
    sys.exit(main())

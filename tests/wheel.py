"""The wheel as somebody has it who has no checkout."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tools.dist import build_wheel


@dataclass(frozen=True)
class Installed:
    """An installed wheel.

    Attributes:
        wheel: the file.
        folder: where its packages lie.
    """

    wheel: Path
    folder: Path

    def python(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs Python with the wheel's packages, but without the checkout."""
        return run_python(*arguments, cwd=cwd, first=self.folder, **variables)

    def acude(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the command."""
        return self.python(self.folder / "bin" / "acude", *arguments, cwd=cwd, **variables)


def run_python(*arguments: str | Path, cwd: Path, first: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with this environment's packages, but without its link to the checkout.

    Args:
        arguments: Python's own.
        cwd: where it runs.
        first: a folder of packages, or a zip of them, that comes before all others.
        variables: more of its environment, in which nothing of the caller's `ACUDE_…` and `PYTHON…` is.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ACUDE_", "PYTHON"))}
    path = os.pathsep.join([str(first), sysconfig.get_path("purelib")])
    return subprocess.run(
        # -S: the link is a .pth file, which Python reads in its own folder of packages alone.
        [sys.executable, "-S", *arguments],
        cwd=cwd,
        env=kept | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def install(folder: Path) -> Installed:
    """Builds the wheel and installs it, both into a folder."""
    wheel = build_wheel(folder)
    target = folder / "installed"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-compile", "--target", str(target)]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True)
    return Installed(wheel, target)

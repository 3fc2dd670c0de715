"""Programs of the system that tests run: those of the PATH, and those that `.ci/packages` has unpacked."""

import os
import shutil

from acude.settings import PROJECT

UNPACKED = PROJECT / "var" / "tools" / "usr" / "bin"


def program(*names: str) -> str:
    """Path of the first of these programs that there is; without one the test fails and says how to get it."""
    path = f"{os.environ['PATH']}{os.pathsep}{UNPACKED}"
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    assert found, f"The test needs {names[0]}: run `make packages`, or `apt-get install {names[0]}`."
    return found

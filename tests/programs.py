"""Programs of the system that tests run: those of the PATH, and those that `.ci/packages` has unpacked."""

import shutil

from acude.local.doctor import UNPACKED
from acude.settings import PROJECT

PACKAGES = {"promtool": "prometheus", "prometheus": "prometheus"}
"""Debian's, by program; the others are in `prometheus-alertmanager`."""


def program(*names: str) -> str:
    """Path of the first of these programs that there is; without one the test fails and says how to get it."""
    found = [shutil.which(name) or shutil.which(name, path=PROJECT / UNPACKED) for name in names]
    path = next(filter(None, found), None)
    package = PACKAGES.get(names[0], "prometheus-alertmanager")
    assert path, f"The test needs {names[0]}: run `make packages`, or `apt-get install {package}`."
    return path

"""The servers that can speak TLS, speaking it, beside whatever else runs."""

import shutil
from collections.abc import Iterator

import pytest

from acude.local.platform import Platform
from acude.settings import Settings, settings

_BESIDE = 500
"""Ports lie so far from those of the worker's other platform."""


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """What decides payments, by TLS."""
    given = settings()
    ports = [name for name in Settings.model_fields if name.endswith("_port")]
    moved = {name: getattr(given, name) + _BESIDE for name in ports}
    var = given.var / "tests" / "tls"
    shutil.rmtree(var, ignore_errors=True)
    # Nothing of the checkout's own local.env: its secrets are another platform's.
    found = Platform(Settings(_env_file=None, var=var, jars=given.jars, local_tls=True, **moved))  # type: ignore[call-arg]
    try:
        found.up(["risk-worker", "risk-recorder", "risk-api"])
        yield found
    finally:
        found.down()
    shutil.rmtree(var)

"""The real servers that tests use, and which tests share them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from acude.local.platform import Platform
from acude.local.servers.spark import executors
from acude.settings import PROJECT, Settings, settings

LONGEST_FIRST = [
    "tests",
    "tests/integration/payments",
    "tests/integration/batch",
    "tests/integration/streams",
    "tests/chaos",
]
"""Test groups in the order in which workers take them; that of all servers comes first."""

_settled: list[str] = []

_STEP = 1000
"""Ports of one worker's servers lie so far from those of the next."""


@contextmanager
def servers(*names: str, workers: int = 0) -> Iterator[Platform]:
    """The named servers with what they depend on, or all of them, ready.

    Spark has a cluster of that many workers, or none.

    Attaches where a platform runs already, and then leaves it running.
    """
    _settle(usual=not names)
    found = Platform(settings().model_copy(update={"jvm_short_lived": True, "spark_workers": workers}))
    attached = found.is_running()
    found.up([*names, *executors(found.config)] if names else None)
    yield found
    if not attached:
        found.down()


@contextmanager
def away(platform: Platform, *names: str) -> Iterator[None]:
    """Servers that are down meanwhile."""
    for name in names:
        platform.stop(name)
    try:
        yield
    finally:
        for name in names:
            platform.start(name)


def group_of(item: pytest.Item) -> str | None:
    """The folder whose `platform` fixture a test takes: tests of one group share its servers."""
    found = platform_of(item)
    return found.baseid if found else None


def platform_of(item: pytest.Item) -> "pytest.FixtureDef[Platform] | None":
    """The `platform` fixture that a test takes, if it does."""
    fixtures = item.session._fixturemanager.getfixturedefs("platform", item)
    taken = "platform" in getattr(item, "fixturenames", ())
    return fixtures[-1] if taken and fixtures else None


def _settle(*, usual: bool) -> None:
    """Chooses this worker's place when its first servers start; later ones join them.

    The worker that starts all servers stays on the usual ports, which the README's own lines name. The other workers of
    pytest-xdist each have a platform of their own beside.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or _settled:
        return
    _settled.append(worker)
    if usual:
        return
    os.environ["ACUDE_VAR"] = str(PROJECT / "var" / "tests" / worker)
    offset = _STEP * (1 + int(worker.removeprefix("gw")))
    for name, field in Settings.model_fields.items():
        if name.endswith("_port"):
            os.environ[f"ACUDE_{name.upper()}"] = str(field.default + offset)
    settings.cache_clear()

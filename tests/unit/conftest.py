"""What the unit tests share, and how they are spread over pytest-xdist's workers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Threads of scikit-learn that wait for work keep their core busy, and pytest-xdist has a worker per core.
os.environ["OMP_NUM_THREADS"] = "1"

from acude import aws
from acude.settings import Settings, settings
from tests.buckets import MemoryBucket

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What an `acude up` has left in this checkout decides about no test."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("ACUDE_VAR", str(tmp_path_factory.getbasetemp() / "var"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> MemoryBucket:
    """The object store: one bucket in memory."""
    found = MemoryBucket()
    monkeypatch.setattr(aws, "_s3", lambda *_: found)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a file's tests together, for what their fixtures make takes longer than most of them.

    Files that name a group stay together too: each worker would import the same large library.
    """
    for item in items:
        if item.path.is_relative_to(HERE) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(HERE))))

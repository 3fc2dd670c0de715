"""What the unit tests share, and how they are spread over pytest-xdist's workers."""

from pathlib import Path

import pytest

from acude import aws
from tests.buckets import MemoryBucket

HERE = Path(__file__).parent


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> MemoryBucket:
    """The object store: one bucket in memory."""
    found = MemoryBucket()
    monkeypatch.setattr(aws, "_s3", lambda *_: found)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a file's tests together, for what their fixtures make takes longer than most of them."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(HERE))))

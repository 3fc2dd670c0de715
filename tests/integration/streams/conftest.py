"""The servers that a stream needs; its driver is a test's own."""

from collections.abc import Iterator

import pytest

from acude.local.platform import Platform
from tests.servers import servers


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Broker and object store alone."""
    with servers("kafka", "s3") as found:
        yield found

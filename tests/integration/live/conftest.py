"""The platform with its streams, for tests that need the way from Kafka to the lake as it is."""

from collections.abc import Iterator

import pytest

from acude.local.platform import Platform


@pytest.fixture(scope="package")
def streams(platform: Platform) -> Iterator[Platform]:
    """Their driver runs for this folder's tests only: it takes a third of a core while nothing happens."""
    running = platform.pid("streams")
    platform.start("streams")
    yield platform
    if not running:
        platform.stop("streams")

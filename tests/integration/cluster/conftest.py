"""A Spark standalone cluster of two workers: the tests of streams and batch that are told here run on it as well."""

from collections.abc import Iterator

import pytest

from acude.local.platform import Platform
from tests.integration.batch.conftest import day, lake, warehouse
from tests.integration.streams.conftest import sensors, silver, spark
from tests.servers import servers

WORKERS = 2

__all__ = ["day", "lake", "sensors", "silver", "spark", "warehouse"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """What streams and batch need, and the cluster."""
    with servers("kafka", "spark-batch", "athena", "postgres", workers=WORKERS) as found:
        yield found

"""The servers of the daily batch: the warm Spark, the lake, the catalogue, Athena and the databases."""

from collections.abc import Iterator

import pytest

from acude.local.platform import Platform
from tests.integration.batch.own_warehouse import Warehouse, own_warehouse
from tests.servers import servers


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """All but the broker, the payments and Airflow."""
    with servers("spark-batch", "athena", "postgres") as found:
        yield found


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    """A schema of the test's own with the warehouse's tables."""
    with own_warehouse() as found:
        yield found

"""The servers of the daily batch: the warm Spark, the lake, the catalogue, Athena and the databases."""

import itertools
from collections.abc import Iterator
from datetime import date

import pytest

from acude.local.platform import Platform
from tests.integration.batch.batch_lake import BatchLake, own_lake
from tests.integration.batch.own_warehouse import Warehouse, own_warehouse
from tests.servers import servers

_MONTHS = itertools.count(1)


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


@pytest.fixture(scope="module")
def lake(platform: object) -> Iterator[BatchLake]:  # noqa: ARG001 - the servers have to run
    """A lake and an inbox of the module's own."""
    with own_lake() as found:
        yield found


@pytest.fixture
def day() -> date:
    """A day in a month that no other test uses."""
    years, month = divmod(next(_MONTHS), 12)
    return date(2020 + years, month + 1, 10)

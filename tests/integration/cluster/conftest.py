"""A Spark standalone cluster of two workers: the tests of streams and batch that are told here run on it as well."""

from collections.abc import Iterator
from unittest import mock

import pytest

from acude.local.platform import Platform
from acude.local.servers import spark_cluster
from tests.integration.batch.conftest import day, lake, warehouse
from tests.integration.streams.conftest import sensors, silver, spark
from tests.servers import servers

WORKERS = 2

__all__ = ["day", "lake", "sensors", "silver", "spark", "warehouse"]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """What streams and batch need, and a cluster on which nobody can read settings: executors get by without."""
    unreadable = {"ACUDE_S3_PORT": "not for executors"}
    with (
        mock.patch.dict(spark_cluster.OF_WORKERS, unreadable),
        servers("kafka", "spark-batch", "athena", "postgres", workers=WORKERS) as found,
    ):
        yield found

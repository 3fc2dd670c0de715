"""Servers as containers run them, for the tests of this folder."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from acude.local.servers import postgres
from acude.settings import settings
from tests.integration.docker.containers import Containers


@pytest.fixture(scope="module")
def containers() -> Iterator[Containers]:
    """Kafka, S3, Glue, Valkey and a database, filled as `init` and the database's image fill them."""
    # Not below pytest's folder: the next pytest closes that to PostgreSQL's own user.
    folder = settings().var / "tests" / "containers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = Containers(folder)
    try:
        found.start("kafka", "s3", "glue", "valkey")
        found.start_database()
        _databases(found)
        found.wait("kafka", "s3", "glue", "valkey")
        found.run("init")
        yield found
    finally:
        found.stop()
    shutil.rmtree(folder)


def _databases(found: Containers) -> None:
    """What the database's image does at its first start: the SQL file, by psql, as the administrator."""
    config = found.settings("init")
    environment = postgres.client_environment(config) | {"PGDATABASE": postgres.SUPERUSER}
    script = found.folder / "drawn" / "databases.sql"
    psql = [postgres.program("psql"), "--quiet", "--file", str(script)]
    answer = subprocess.run(psql, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 0, answer.stderr

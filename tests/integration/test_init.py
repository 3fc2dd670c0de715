"""`acude init`: on servers that have nothing of the platform yet it creates all of it, once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from acude import aws
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.settings import PROJECT
from tests.buckets import drop
from tests.servers import servers

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """What `acude init` looks at."""
    with servers("kafka", "s3", "glue", "postgres") as found:
        yield found


@pytest.fixture
def init(platform: Platform) -> Iterator[Callable[..., Rows]]:
    """Runs the command against buckets and a database of the test's own."""
    mark = uuid4().hex[:8]
    config = platform.config
    buckets = {
        f"ACUDE_{kind.upper()}_BUCKET": f"{kind}-{mark}" for kind in ("lake", "inbox", "results", "backup", "audit")
    }
    database = f"vazio_{mark}"
    admin = postgres.connect(config)
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database} OWNER risco")
    dsn = config.risk_dsn.get_secret_value().removesuffix("/risco") + f"/{database}"
    environment = os.environ | buckets | {"ACUDE_RISK_DSN": dsn}

    def run(*options: str) -> Rows:
        ended = subprocess.run(
            [Path(sys.executable).parent / "acude", "init", "--json", *options],
            env=environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return {row["part"]: row for row in json.loads(ended.stdout)}

    yield run
    there = {bucket["Name"] for bucket in aws.s3(config).list_buckets()["Buckets"]}
    for name in buckets.values():
        if name in there:
            drop(name, config)
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")
    admin.close()


def test_a_plan_names_what_is_missing_and_creates_nothing(init: Callable[..., Rows]) -> None:
    first, second = init("--plan"), init("--plan")
    assert len(first["buckets"]["missing"]) == 5
    assert "gold.vendas_por_regiao" in first["tables of the lake"]["missing"]
    assert first["tables of the decisions"]["missing"] == ["decisoes", "reservas", "listas", "pagamentos_por_minuto"]
    assert first == second


def test_what_is_missing_is_created_once(init: Callable[..., Rows]) -> None:
    created = init()
    assert {row["state"] for row in created.values()} <= {"created", "all there"}
    assert created["buckets"]["state"] == created["tables of the lake"]["state"] == "created"
    again = init()
    assert {row["state"] for row in again.values()} == {"all there"}

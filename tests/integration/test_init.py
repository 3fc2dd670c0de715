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
from dotenv import dotenv_values
from pydantic import SecretStr

from acude import aws
from acude.local.environment import local_env_path
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.migrations.database import AUDIT, DECISIONS, steps
from acude.settings import PROJECT
from tests.buckets import drop
from tests.servers import servers
from tests.wheel import install

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """What `acude init` looks at."""
    with servers("kafka", "s3", "glue", "postgres") as found:
        yield found


@pytest.fixture
def environment(platform: Platform) -> Iterator[dict[str, str]]:
    """Variables that name the servers, and on them buckets and a database of the test's own."""
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
    local = {name: value or "" for name, value in dotenv_values(local_env_path(config)).items()}
    yield local | buckets | {"ACUDE_RISK_DSN": dsn}
    there = {bucket["Name"] for bucket in aws.s3(config).list_buckets()["Buckets"]}
    for name in buckets.values():
        if name in there:
            drop(name, config)
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")
    admin.close()


@pytest.fixture
def init(environment: dict[str, str]) -> Callable[..., Rows]:
    """Runs the command of this checkout."""

    def run(*options: str) -> Rows:
        command = [str(Path(sys.executable).parent / "acude"), "init", "--json", *options]
        known = os.environ | environment
        return _rows(subprocess.run(command, env=known, cwd=PROJECT, capture_output=True, text=True, check=False))

    return run


def _rows(ended: subprocess.CompletedProcess[str]) -> Rows:
    assert ended.returncode == 0, ended.stderr
    return {row["part"]: row for row in json.loads(ended.stdout)}


def test_a_plan_names_what_is_missing_and_creates_nothing(init: Callable[..., Rows]) -> None:
    first, second = init("--plan"), init("--plan")
    assert len(first["buckets"]["missing"]) == 5
    assert "gold.vendas_por_regiao" in first["tables of the lake"]["missing"]
    assert first["migrations of the decisions"]["missing"] == steps(DECISIONS)
    assert first["time series of the payments"]["missing"] == ["pagamentos_por_minuto"]
    assert first == second


def test_what_is_missing_is_created_once(init: Callable[..., Rows]) -> None:
    created = init()
    assert {row["state"] for row in created.values()} <= {"created", "all there"}
    assert created["buckets"]["state"] == created["tables of the lake"]["state"] == "created"
    again = init()
    assert {row["state"] for row in again.values()} == {"all there"}


def test_an_installed_wheel_creates_the_same_from_an_empty_folder(
    init: Callable[..., Rows], environment: dict[str, str], tmp_path: Path
) -> None:
    planned = init("--plan")
    installed, folder = install(tmp_path), tmp_path / "empty"
    folder.mkdir()
    created = _rows(installed.acude("init", "--json", cwd=folder, **environment))
    assert {name: row["missing"] for name, row in created.items()} == {
        name: row["missing"] for name, row in planned.items()
    }
    assert {row["state"] for row in init().values()} == {"all there"}


def test_the_audit_log_is_its_administrators(environment: dict[str, str], platform: Platform) -> None:
    known = os.environ | environment
    config = platform.config.model_copy(update={"risk_dsn": SecretStr(environment["ACUDE_RISK_DSN"])})

    def ended(*options: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "acude"), "init", *options]
        return subprocess.run(command, env=known, cwd=PROJECT, capture_output=True, text=True, check=True)

    assert f"The audit log lacks {', '.join(steps(AUDIT))}" in " ".join(ended("--plan").stderr.split())
    admin = postgres.connect(config, environment["ACUDE_RISK_DSN"].rpartition("/")[2])
    with admin.cursor() as cursor:
        cursor.execute(ended("--audit-sql").stdout)
        assert "audit log" not in ended("--plan").stderr
        cursor.execute("REVOKE ALL ON SCHEMA auditoria FROM acude_trilha")
        assert "The audit log is closed to us" in " ".join(ended("--plan").stderr.split())
    admin.close()

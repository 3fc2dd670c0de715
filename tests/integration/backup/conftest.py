"""A server of the tests' own to lose, with data in every database."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg2
import pytest
from typer.testing import CliRunner, Result

from acude import aws
from acude.backup.create import create
from acude.backup.storage import Storage
from acude.cli import app
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.migrations.database import SHOP, migrate
from acude.payments.recorder import row_of
from acude.payments.store import Store
from acude.settings import Settings, settings

_BESIDE = 400
"""Ports lie so far from those of the worker's other platform."""
_PORTS = ("postgres_port", "s3_port", "s3_internal_port", "kafka_port", "kafka_login_port", "kafka_controller_port")

SECRET = "o cofre fica atrás do quadro"
CPF_TOKEN = "cpf.k1.Zm9yYW0tc2Ugb3MgYW5lbO"

_STRANGE = (Path(__file__).parent / "strange.sql").read_text()


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """PostgreSQL and S3, with a `var` that nobody else has: these tests delete the databases' directory."""
    given = settings()
    moved = {name: getattr(given, name) + _BESIDE for name in _PORTS}
    # Not below pytest's folder: the next pytest closes that to PostgreSQL's own user.
    var = given.var / "tests" / "backup"
    shutil.rmtree(var, ignore_errors=True)
    # Nothing of the checkout's own local.env: its secrets are another platform's.
    found = Platform(Settings(_env_file=None, var=var, jars=given.jars, **moved))  # type: ignore[call-arg]
    found.up(["postgres", "s3"])
    _fill(found.config)
    yield found
    found.down()
    shutil.rmtree(var)


@pytest.fixture(autouse=True)
def environment(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands find this platform, as a shell's do."""
    monkeypatch.setenv("ACUDE_VAR", str(platform.config.var))
    for name in _PORTS:
        monkeypatch.setenv(f"ACUDE_{name.upper()}", str(getattr(platform.config, name)))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def config() -> Settings:
    """The settings as a command sees them now."""
    return settings()


@pytest.fixture(autouse=True)
def storage(environment: None) -> Iterator[Storage]:  # noqa: ARG001 - it must be there before
    """The bucket, empty before and after."""
    found = Storage(settings())
    for backup_id in found.ids():
        found.delete(backup_id)
    yield found
    for backup_id in found.ids():
        found.delete(backup_id)


@pytest.fixture(scope="module")
def made(platform: Platform) -> dict[str, bytes]:
    """The files of one backup; each test of a file leaves the databases as they were when it was made."""
    manifest = create(platform.config, lambda *_: None)
    return objects(platform.config, manifest.id)


@pytest.fixture
def backup_id(made: dict[str, bytes], config: Settings, storage: Storage) -> str:
    """A backup that lies in the bucket."""
    for name, body in made.items():
        aws.s3(config).put_object(Bucket=config.backup_bucket, Key=name, Body=body)
    return storage.ids()[0]


Acude = Callable[..., Result]


@pytest.fixture
def acude() -> Acude:
    """Runs `acude backup …`."""

    def run(*words: str, code: int = 0) -> Result:
        settings.cache_clear()
        result = CliRunner().invoke(app, ["backup", *words])
        assert result.exit_code == code, result.output
        return result

    return run


def _fill(config: Settings) -> None:
    run(config, "postgres", "CREATE ROLE leitor LOGIN CONNECTION LIMIT 3; CREATE ROLE grupo; GRANT grupo TO leitor")
    for dsn in (config.warehouse_dsn, config.airflow_dsn, config.shop_dsn):
        with closing(psycopg2.connect(dsn.get_secret_value())) as session, session, session.cursor() as asked:
            asked.execute(_STRANGE)
    migrate(SHOP, config.shop_dsn.get_secret_value())
    run_as_owner(
        config.shop_dsn.get_secret_value(),
        "INSERT INTO pedidos VALUES ('P1', 'u1', 'SP', 'BRL', now());"
        "INSERT INTO itens VALUES ('P1', 1, 'A', 'copo', 2, 9.9000)",
    )
    record(config, [decision(number) for number in range(500)])


def decision(number: int, minute: int = 0) -> dict[str, Any]:
    """A record of `decisoes_risco`."""
    at = f"2026-1{number % 2}-15T12:{minute:02}:00+00:00"
    return {
        "id_transacao": f"t-{number}",
        "timestamp": at,
        "transacao_em": at,
        "decisao": "negar",
        "pontuacao": 900,
        "motivos": ["VALOR_ALTO"],
        "operacao": "pagamento",
        "tipo_pagamento": "pix",
        "valor": 10.5,
        "moeda": "BRL",
        "uf": "SP",
        "id_pagador": f"u{number % 7}",
        "id_cliente": "loja",
        "versao_regras": "1",
        "versao_modelo": "nenhum",
        "degradado": False,
        "causas": [],
        "latencia_ms": 12,
        "id_rastro": f"{number:032x}",
    }


def record(config: Settings, decisions: Sequence[dict[str, Any]]) -> None:
    """Writes decisions as the recorder does."""
    store = Store(config)
    try:
        store.prepare()
        store.add([row_of(orjson.dumps(one), datetime.now(UTC)) for one in decisions])
    finally:
        store.close()


def run(config: Settings, database: str, statement: str) -> list[Any]:
    """What a statement of the superuser gives."""
    with closing(postgres.connect(config, database)) as session, session.cursor() as asked:
        asked.execute(statement)
        return asked.fetchall() if asked.description else []


def run_as_owner(dsn: str, statement: str) -> None:
    with closing(psycopg2.connect(dsn)) as session, session, session.cursor() as asked:
        asked.execute(statement)


def everything(config: Settings) -> dict[str, str]:
    """Every database in full as SQL, and the roles: two servers with the same hold the same."""
    found = {name: _dumped(config, "pg_dump", name) for name in ("warehouse", "loja", "risco", "airflow")}
    return found | {"papeis": _dumped(config, "pg_dumpall", "--roles-only", "--no-role-passwords")}


def _dumped(config: Settings, program: str, *arguments: str) -> str:
    command = [postgres.program(program), "--restrict-key=k", *arguments]
    answer = subprocess.run(
        command, env=postgres.client_environment(config), capture_output=True, text=True, check=True
    )
    return answer.stdout


def objects(config: Settings, prefix: str = "") -> dict[str, bytes]:
    """Everything in the backups' bucket."""
    client = aws.s3(config)
    listed = client.list_objects_v2(Bucket=config.backup_bucket, Prefix=prefix).get("Contents", ())
    return {one["Key"]: client.get_object(Bucket=config.backup_bucket, Key=one["Key"])["Body"].read() for one in listed}


def files_below(folder: Path) -> Iterator[bytes]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield (Path(place) / name).read_bytes()

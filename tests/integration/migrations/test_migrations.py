"""Migrations on a real PostgreSQL, from the schema that databases had before there were any."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql

from acude.local.platform import Platform
from acude.local.servers.postgres import connect, program
from acude.migrations.database import (
    AUDIT,
    DECISIONS,
    SHOP,
    Database,
    MigrationError,
    migrate,
    pending,
    script,
    steps,
    version,
)

BEFORE = Path(__file__).parents[2] / "schemas"
"""The schemas as they were made before there were migrations."""

ROWS = {
    "store": [
        "CREATE TABLE decisoes_2026_11 PARTITION OF decisoes FOR VALUES FROM ('2026-11-01Z') TO ('2026-12-01Z')",
        (
            "INSERT INTO decisoes VALUES ('t1', '2026-11-05Z', '2026-11-05Z', 'negar', 900, '{VALOR_ALTO}', "
            "'pagamento', 'pix', 10.50, 'BRL', 'SP', 'u1', 'loja', '1', 'nenhum', false, '{}', 12, 'r1')"
        ),
        "INSERT INTO reservas (id_cliente, nome, tipo, registro) VALUES ('loja', 't1', 'id', 'transacoes/0/1')",
        "INSERT INTO listas VALUES ('bloqueio', 'pagador', 'u9', 'ana', 'golpe', '2026-11-05Z', '2027-11-05Z')",
    ],
    "audit": [
        (
            "INSERT INTO auditoria.trilha VALUES (1, '2026-11-05Z', 'acesso', 'ana', 't1', '{}', decode("
            "repeat('00', 32), 'hex'), 'k1')"
        ),
    ],
    "pedidos": [
        "INSERT INTO pedidos VALUES ('P1', 'u1', 'SP', 'BRL', '2026-11-05Z')",
        "INSERT INTO itens VALUES ('P1', 1, 'A', 'copo', 2, 9.9000)",
    ],
}
KEPT = {
    "store": ("decisoes", "reservas", "listas", "listas_versao"),
    "audit": ("auditoria.trilha",),
    "pedidos": ("pedidos", "itens", "vendas"),
}


class Case(NamedTuple):
    """A database with migrations, and what made its schema before there were any."""

    database: Database
    former: str
    make: Callable[[], str]
    """Makes an empty one, and gives its address with the login of its owner."""


@pytest.fixture(params=[(DECISIONS, "store"), (AUDIT, "audit"), (SHOP, "pedidos")], ids=["decisions", "audit", "shop"])
def case(
    request: pytest.FixtureRequest, new_database: Callable[[], str], as_administrator: Callable[[str], str]
) -> Case:
    """Each of the databases."""
    database, former = request.param
    return Case(database, former, (lambda: as_administrator(new_database())) if database is AUDIT else new_database)


def make_former(former: str, dsn: str) -> None:
    """The former schema, with rows."""
    with psycopg.connect(dsn) as connection:
        connection.execute((BEFORE / f"{former}.sql").read_bytes())
        for statement in ROWS[former]:
            connection.execute(statement.encode())


def rows(former: str, dsn: str) -> dict[str, list[Any]]:
    """All rows of the former tables."""
    with psycopg.connect(dsn) as connection:
        asked = {name: sql.SQL("SELECT * FROM {}").format(sql.Identifier(*name.split("."))) for name in KEPT[former]}
        return {name: connection.execute(query).fetchall() for name, query in asked.items()}


def dump(dsn: str, *options: str) -> list[str]:
    """A database as pg_dump writes it."""
    command = [program("pg_dump"), "--restrict-key=x", *options, dsn]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_former_database_keeps_its_rows_and_gets_no_more_than_a_version(case: Case) -> None:
    dsn = case.make()
    make_former(case.former, dsn)
    kept, schema = rows(case.former, dsn), dump(dsn, "--schema-only", "--exclude-table=*.versao_esquema")
    assert pending(case.database, dsn) == steps(case.database)
    assert migrate(case.database, dsn) == steps(case.database)
    assert rows(case.former, dsn) == kept
    assert all(kept.values())
    if len(steps(case.database)) == 1:
        assert dump(dsn, "--schema-only", "--exclude-table=*.versao_esquema") == schema
    assert (version(case.database, dsn), pending(case.database, dsn)) == (steps(case.database)[-1], [])


def test_a_second_run_changes_nothing(case: Case) -> None:
    dsn = case.make()
    make_former(case.former, dsn)
    migrate(case.database, dsn)
    before = dump(dsn)
    assert migrate(case.database, dsn) == []
    assert dump(dsn) == before


def test_an_empty_database_gets_the_same_schema_as_a_former_one(case: Case) -> None:
    empty, former = case.make(), case.make()
    migrate(case.database, empty)
    make_former(case.former, former)
    migrate(case.database, former)
    # A month's partition comes with the month's first row.
    assert dump(former, "--schema-only", "--exclude-table=decisoes_2026_11") == dump(empty, "--schema-only")


def test_a_role_without_rights_gets_a_sentence_and_changes_nothing(
    dsn: str, as_administrator: Callable[[str], str], platform: Platform
) -> None:
    administrators = as_administrator(dsn)
    name = dsn.rpartition("/")[2]
    session = connect(platform.config, name)
    with session.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    strangers = f"postgresql://{name}:x@{dsn.partition('@')[2]}"
    before = dump(administrators, "--schema-only")
    try:
        for database in (DECISIONS, AUDIT):
            with pytest.raises(
                MigrationError, match=f"no right to the schema of the {database.name} .*permission denied"
            ):
                migrate(database, strangers)
        assert dump(administrators, "--schema-only") == before
    finally:
        with session.cursor() as cursor:
            cursor.execute(f"DROP ROLE {name}")
        session.close()


@pytest.fixture
def made_up(tmp_path: Path) -> Database:
    """A database of two migrations, the second of which can be made to fail."""
    for number, (statement, before) in enumerate(
        [("CREATE TABLE um (n integer CHECK (n % 2 = 0))", "None"), ("ALTER TABLE um ADD t text", "'v0001'")], start=1
    ):
        (tmp_path / f"v000{number}.sql").write_text(
            f"-- one; two: 50%\n{statement};\nINSERT INTO um VALUES ({number * 2});"
        )
        (tmp_path / f"v000{number}.py").write_text(
            "from acude.migrations.statements import run\n"
            f"revision, down_revision = 'v000{number}', {before}\n"
            "def upgrade():\n    run(__file__)\n"
        )
    return Database("made up", tmp_path)


def test_of_several_that_migrate_at_once_one_does_it(made_up: Database, dsn: str) -> None:
    first = made_up.folder / "v0001.sql"
    # The others begin while it is at work.
    first.write_text(f"SELECT pg_sleep(5); {first.read_text()}")
    # A process each: within one, a lock of its own would keep them apart.
    code = (
        "from pathlib import Path; from acude.migrations.database import Database, migrate; "
        f"print(migrate(Database('made up', Path({str(made_up.folder)!r})), {dsn!r}))"
    )
    command = [sys.executable, "-c", code]
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(subprocess.run, command, capture_output=True, text=True, check=False) for _ in range(3)]
        ended = [one.result() for one in runs]
    assert [one.stderr for one in ended if one.returncode] == []
    assert sorted(one.stdout.strip() for one in ended) == sorted(["[]", "[]", str(steps(made_up))])


def test_only_what_is_missing_is_applied(made_up: Database, dsn: str) -> None:
    later = {path: path.rename(path.with_suffix(f"{path.suffix}.later")) for path in made_up.folder.glob("v0002.*")}
    assert migrate(made_up, dsn) == ["v0001"]
    for path, hidden in later.items():
        hidden.rename(path)
    assert pending(made_up, dsn) == ["v0002"]
    assert migrate(made_up, dsn) == ["v0002"]
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT n, t FROM um ORDER BY n").fetchall() == [(2, None), (4, None)]


def test_a_migration_that_fails_leaves_nothing_of_any(made_up: Database, dsn: str) -> None:
    before = dump(dsn)
    (made_up.folder / "v0002.sql").write_text("ALTER TABLE um ADD t text; SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(made_up, dsn)
    assert dump(dsn) == before
    assert pending(made_up, dsn) == ["v0001", "v0002"]


def test_a_database_that_a_newer_version_has_migrated_stays_as_it_is(made_up: Database, dsn: str) -> None:
    migrate(made_up, dsn)
    for path in made_up.folder.glob("v0002.*"):
        path.unlink()
    assert migrate(made_up, dsn) == []
    assert version(made_up, dsn) == "v0002"


def test_a_table_that_somebody_reads_is_not_waited_for_without_end(made_up: Database, dsn: str) -> None:
    later = {path: path.rename(path.with_suffix(f"{path.suffix}.later")) for path in made_up.folder.glob("v0002.*")}
    migrate(made_up, dsn)
    for path, hidden in later.items():
        hidden.rename(path)
    with psycopg.connect(dsn) as reader:
        reader.execute("SELECT * FROM um")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate(made_up, dsn)
    assert migrate(made_up, dsn) == ["v0002"]


def test_the_administrators_script_does_what_the_migration_does(
    new_database: Callable[[], str], as_administrator: Callable[[str], str]
) -> None:
    migrated, scripted = as_administrator(new_database()), as_administrator(new_database())
    migrate(AUDIT, migrated)
    for after in (None, steps(AUDIT)[-1]):
        with psycopg.connect(scripted, autocommit=True) as connection:
            connection.execute(script(AUDIT, after).encode())
        assert dump(scripted) == dump(migrated)

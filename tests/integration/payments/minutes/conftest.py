"""One Spark and one database for the tests of payments by minute."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from acude.local.platform import Platform
from acude.local.servers import postgres
from tests.integration.payments.minutes.rows import HOUR, KEY, MINUTE, TABLES, expected
from tests.integration.streams.steps import payments
from tests.integration.streams.streamlab import Row, StreamLab, stream_lab


@pytest.fixture(scope="package")
def spark(platform: Platform) -> Iterator[StreamLab]:
    """One Spark for all tests here; each test begins with an empty lake and an empty database."""
    del platform
    with stream_lab() as lab:
        yield lab


@pytest.fixture(scope="package")
def database(platform: Platform) -> Iterator[str]:
    """A database of the tests' own, beside the decisions'."""
    dsn, name = platform.config.risk_dsn.get_secret_value(), f"teste_{uuid4().hex[:12]}"
    owner = psycopg.conninfo.conninfo_to_dict(dsn)["user"]
    with closing(postgres.connect(platform.config)) as admin, admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
    yield make_conninfo(dsn, dbname=name)
    with closing(postgres.connect(platform.config)) as admin, admin.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@dataclass
class Shop:
    """Writes payments and decisions into silver as `ingest` would, and reads what was counted."""

    lab: StreamLab
    database: str
    paid: list[Row] = field(default_factory=list)
    decided: list[Row] = field(default_factory=list)

    def count(self) -> None:
        """Lets the stream see what has come."""
        self.lab.do(payments)

    def pay(self, *rows: Row) -> None:
        """One micro-batch of payments."""
        self.paid += rows
        self.lab.append("silver.transacoes", list(rows))

    def decide(self, *rows: Row) -> None:
        """One micro-batch of decisions."""
        self.decided += rows
        self.lab.append("silver.decisoes_risco", list(rows))

    def gold(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return _by_key(self.lab.rows("gold.ao_vivo_pagamentos_por_minuto"))

    def version(self) -> int:
        return int(self.lab.table("gold.ao_vivo_pagamentos_por_minuto").version())

    def ask(self, question: str) -> list[Row]:
        with psycopg.connect(self.database, row_factory=psycopg.rows.dict_row, options="-c timezone=UTC") as connection:
            return connection.execute(question.encode()).fetchall()

    def minutes(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return _by_key(self.ask("SELECT * FROM pagamentos_minuto"))

    def hours(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return _by_key(self.ask("SELECT *, hora AS janela_inicio FROM pagamentos_hora"))

    def all_agree(self) -> None:
        """Gold and PostgreSQL say what silver says."""
        assert self.gold() == expected(self.paid, self.decided, MINUTE)
        assert self.minutes() == self.gold()
        assert self.hours() == expected(self.paid, self.decided, HOUR)


def _by_key(rows: Sequence[Row]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    found = {
        tuple(row[name] for name in KEY): (row["transacoes"], row["valor"], row["media"], row["taxa_fraude"])
        for row in rows
    }
    assert len(found) == len(rows)
    return found


@pytest.fixture
def shop(spark: StreamLab, database: str) -> Shop:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP OWNED BY CURRENT_USER")
        connection.execute("CREATE SCHEMA IF NOT EXISTS public")
    spark.changes["risk_dsn"] = database
    spark.new_lake()
    spark.create(*TABLES)
    return Shop(spark, database)

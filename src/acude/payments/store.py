"""The decisions' database: one row a payment, behind a pool."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from acude.settings import Settings

_SCHEMA: Final = Path(__file__).with_name("store.sql")
_MOST_CONNECTIONS: Final = 8
_PATIENCE_S: Final = 2.0
_LONGER_THAN_A_MONTH: Final = timedelta(days=32)

COLUMNS: Final = (
    "id_transacao", "transacao_em", "decidida_em", "decisao", "pontuacao", "motivos", "operacao", "tipo_pagamento",
    "valor", "moeda", "uf", "id_pagador", "id_cliente", "versao_regras", "versao_modelo", "degradado", "causas",
    "latencia_ms", "id_rastro",
)  # fmt: skip
"""Of table `decisoes`; store.sql says what each is."""

Row = dict[str, Any]


class Store:
    """Reads and writes decisions.

    Args:
        config: its `risk_dsn` names the database.
    """

    def __init__(self, config: Settings) -> None:
        self._pool = ConnectionPool(
            config.risk_dsn.get_secret_value(),
            min_size=1,
            max_size=_MOST_CONNECTIONS,
            timeout=_PATIENCE_S,
            kwargs={"application_name": "acude-risco"},
            check=ConnectionPool.check_connection,
            open=True,
        )
        self._months: set[datetime] = set()

    def close(self) -> None:
        """Gives the connections back."""
        self._pool.close()

    def prepare(self) -> None:
        """Creates what is missing of the schema."""
        with self._pool.connection() as connection:
            connection.execute(_SCHEMA.read_bytes())

    def add(self, rows: Sequence[Row]) -> int:
        """Keeps decisions, all or none; a payment that has one already keeps it.

        Args:
            rows: `COLUMNS` by name; missing ones are null.

        Returns:
            How many were new.
        """
        if not rows:
            return 0
        with self._pool.connection() as connection:
            self._provide_months(connection, {_month(row["transacao_em"]) for row in rows})
            with connection.cursor() as cursor:
                cursor.executemany(_INSERT, [{name: row.get(name) for name in COLUMNS} for row in rows])
                return int(cursor.rowcount)

    def decision(self, id_transacao: str) -> Row | None:
        """The first decision on a payment; None where there is none (yet)."""
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(_FIRST, (id_transacao,))
            return cursor.fetchone()

    def traced(self, id_rastro: str) -> Row | None:
        """The decision with this trace id; None where there is none (yet)."""
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(_TRACED, (id_rastro,))
            return cursor.fetchone()

    def _provide_months(self, connection: Connection, months: Iterable[datetime]) -> None:
        for month in sorted(set(months) - self._months):
            following = (month + _LONGER_THAN_A_MONTH).replace(day=1)
            connection.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF decisoes FOR VALUES FROM ({}) TO ({})").format(
                    sql.Identifier(f"decisoes_{month:%Y_%m}"), sql.Literal(month), sql.Literal(following)
                )
            )
            self._months.add(month)


_INSERT: Final = sql.SQL("INSERT INTO decisoes ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
    sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL(", ").join(map(sql.Placeholder, COLUMNS))
)
_FIRST: Final = sql.SQL("SELECT {} FROM decisoes WHERE id_transacao = %s ORDER BY decidida_em LIMIT 1").format(
    sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
)

_TRACED: Final = sql.SQL("SELECT {} FROM decisoes WHERE id_rastro = %s ORDER BY decidida_em LIMIT 1").format(
    sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
)


def _month(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

"""The decisions' database: one row per payment, behind a connection pool."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final

import orjson
from psycopg import Connection, DataError, OperationalError, sql
from psycopg.errors import UndefinedTable
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from acude.migrations.database import DECISIONS, migrate
from acude.payments.audit_log import DECISION, append, audit_event
from acude.payments.hash_chain import AuditEvent
from acude.risk.first_decision import CLIENT, PAYMENT, STORED_ORDER, PaymentKey, key_of
from acude.settings import Settings

_MOST_CONNECTIONS: Final = 8
_PATIENCE_S: Final = 2.0
_LONGER_THAN_A_MONTH: Final = timedelta(days=32)
_PIECE_ROWS: Final = 50_000

AWAY: Final = (OperationalError, PoolTimeout)
"""What a database that does not answer raises."""

UNFIT: Final = (DataError, OverflowError)
"""What a row raises that the database can't hold: a NUL character, a text too long for its column, a time too late."""

COLUMNS: Final = (
    "id_transacao", "transacao_em", "decidida_em", "decisao", "pontuacao", "motivos", "operacao", "tipo_pagamento",
    "valor", "moeda", "uf", "id_pagador", "id_cliente", "versao_regras", "versao_modelo", "degradado", "causas",
    "latencia_ms", "id_rastro",
)  # fmt: skip
"""Of table `decisoes`; the migrations of acude.migrations.decisions say what each is."""

_CHAINED: Final = (
    "id_cliente", "transacao_em", "decidida_em", "decisao", "pontuacao", "motivos", "versao_regras", "versao_modelo",
    "causas",
)  # fmt: skip
"""What the audit log itself has of a decision."""

Row = dict[str, Any]


class Store:
    """Reads and writes decisions.

    Args:
        config: its `risk_dsn` names the database.
        patience_s: how long a caller waits for a connection.
    """

    def __init__(self, config: Settings, *, patience_s: float = _PATIENCE_S) -> None:
        self._dsn = config.risk_dsn.get_secret_value()
        self._pool = ConnectionPool(
            self._dsn,
            min_size=1,
            max_size=_MOST_CONNECTIONS,
            timeout=patience_s,
            # By default it doubles its pause after each failure, to five minutes, and misses that the database is back.
            # A pool that has given up tries again with the next request.
            reconnect_timeout=patience_s,
            kwargs={"application_name": "acude-risco"},
            check=self._check,
            open=True,
        )
        self._months: set[datetime] = set()

    def close(self) -> None:
        """Closes the connections."""
        self._pool.close()

    def _check(self, connection: Connection) -> None:
        """Lets all idle connections go with the first that is dead: a server that restarted has closed them all.

        One by one, and with the pool's pauses between them, they would take longer than a caller waits.
        """
        try:
            ConnectionPool.check_connection(connection)
        except OperationalError:
            self._pool.drain()
            raise

    def prepare(self) -> None:
        """Brings the schema to this version's."""
        migrate(DECISIONS, self._dsn)

    def add(self, rows: Sequence[Row]) -> int:
        """Stores decisions, all or none. A payment that has a decision keeps it: the first one stands.

        Args:
            rows: `COLUMNS` by name; missing ones are null.

        Returns:
            How many were new.

        Raises:
            psycopg.DataError: the database can't hold one of them; so does OverflowError.
        """
        if not rows:
            return 0
        months = {_month(row["transacao_em"]) for row in rows}
        # A failure takes back the partitions that it made; which others are there is then looked up again.
        known, self._months = self._months, set()
        with self._pool.connection() as connection:
            _ensure_months(connection, months - known)
            new = _inserted(connection, rows)
            # Last: the other writers of the audit log wait from here to the commit.
            append(connection, map(decision_event, new))
        self._months = known | months
        return len(new)

    def decision(self, id_transacao: str, client: str | None = None) -> Row | None:
        """The first decision on a payment; None where there is none (yet).

        Args:
            id_transacao: the payment's id.
            client: whose payment it is; None: of several clients' under this id the first.
        """
        whose = {} if client is None else {CLIENT: client}
        return self._first({PAYMENT: id_transacao, **whose})

    def traced(self, id_rastro: str) -> Row | None:
        """The first decision with this trace id; None where there is none (yet)."""
        return self._first({"id_rastro": id_rastro})

    def _first(self, values: Mapping[str, str]) -> Row | None:
        wanted = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        query = _FIRST.format(wanted, sql.Identifier(STORED_ORDER))
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, list(values.values())).fetchone()

    def is_reserved(self, id_transacao: str, client: str) -> bool:
        """Whether this client has asked for a decision under that id."""
        asked = "SELECT FROM reservas WHERE id_cliente = %s AND nome = %s AND tipo = 'id'"
        with self._pool.connection() as connection:
            return bool(connection.execute(asked, (client, id_transacao)).rowcount)

    def audit(self, event: AuditEvent) -> None:
        """Appends an event to the audit log at once."""
        with self._pool.connection() as connection:
            append(connection, [event])

    def between(
        self, begin: datetime, end: datetime, names: Sequence[str], size: int = _PIECE_ROWS
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Columns of the decisions on payments of that time, in pieces; none where the table is missing.

        A connection is taken until the last piece is read.

        Args:
            begin: of the payments' time.
            end: excluded.
            names: of `COLUMNS`.
            size: the most rows of a piece.
        """
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        asked = sql.SQL("SELECT {} FROM decisoes WHERE transacao_em >= %s AND transacao_em < %s").format(columns)
        try:
            # The server's cursor: the client's own would hold all rows before it hands out the first.
            with self._pool.connection() as connection, connection.cursor("decisoes_por_partes") as cursor:
                cursor.execute(asked, (begin, end))
                while rows := cursor.fetchmany(size):
                    yield rows
        except UndefinedTable:
            return


def _ensure_months(connection: Connection, months: Iterable[datetime]) -> None:
    for month in sorted(months):
        following = (month + _LONGER_THAN_A_MONTH).replace(day=1)
        connection.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF decisoes FOR VALUES FROM ({}) TO ({})").format(
                sql.Identifier(f"decisoes_{month:%Y_%m}"), sql.Literal(month), sql.Literal(following)
            )
        )


def decision_event(row: Row) -> AuditEvent:
    """A decision as the audit log has it: without a person's id, with a digest of the stored row."""
    detail = {name: _plain(row[name]) for name in _CHAINED} | {"resumo": digest(row)}
    return audit_event(DECISION, "acude", row["id_transacao"], **detail)


def digest(row: Row) -> str:
    """SHA-256 of a decision's `COLUMNS`. Nulls are left out, so a column that is added later changes no digest.

    Nobody can find a person by trying values: the trace id in it is random.
    """
    present = {name: _plain(row[name]) for name in COLUMNS if row.get(name) is not None}
    return sha256(orjson.dumps(present, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any column
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def _inserted(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Inserts rows; returns those that are new.

    What was decided without a reservation, as while the database was away, gets one now.
    """
    # Of several on one payment the earliest; the batch has them in the topic's order.
    firsts: dict[PaymentKey, Row] = {}
    for row in sorted(rows, key=itemgetter(STORED_ORDER)):
        firsts.setdefault(key_of(row), row)
    keys = orjson.dumps([{"client": client, "name": name} for client, name in sorted(firsts)]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_RESERVED, (keys,))
        known = {(client or "", name) for client, name in cursor.execute(_KNOWN, (keys,))}
        fresh = [row for key, row in firsts.items() if key not in known]
        cursor.executemany(_INSERT, [{name: row.get(name) for name in COLUMNS} for row in fresh], returning=True)
        return [row for row, result in zip(fresh, cursor.results(), strict=True) if result.rowcount] if fresh else []


_RESERVED: Final = (
    "INSERT INTO reservas (id_cliente, nome, tipo, registro)"
    " SELECT client, name, 'id', '' FROM json_to_recordset(%s::json) AS (client text, name text) ON CONFLICT DO NOTHING"
)
_KNOWN: Final = (
    "SELECT id_cliente, id_transacao FROM decisoes WHERE id_transacao = ANY (ARRAY("
    "SELECT name FROM json_to_recordset(%s::json) AS (name text)))"
)
_INSERT: Final = sql.SQL("INSERT INTO decisoes ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
    sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL(", ").join(map(sql.Placeholder, COLUMNS))
)
_FIRST: Final = sql.SQL(f"SELECT {', '.join(COLUMNS)} FROM decisoes WHERE {{}} ORDER BY {{}} LIMIT 1")  # noqa: S608 - constants


def _month(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

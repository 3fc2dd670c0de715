"""Loads gold's live payments into the time series, an hour at a time.

PostgreSQL remembers from which of gold's files each hour was loaded. An hour whose files have changed is loaded again,
in one transaction. So after an outage, a restore or a kill the next run brings both to the same state, and loading an
hour twice changes nothing. An hour that the database refuses is left for the next run and holds up no other.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final, LiteralString

import psycopg
import pyarrow as pa
from psycopg import Connection

from acude.contracts.model import table
from acude.lake.snapshot import Snapshot, snapshot
from acude.payments.series.schema import TABLE, Kind, load_statements, minute_days, script, stored
from acude.settings import Settings

log = logging.getLogger(__name__)

_OPTIONS: Final = "-c timezone=UTC -c lock_timeout=5s -c statement_timeout=60s"
_PATIENCE_S: Final = 3
_PARTITIONED: Final = "p"
_ALL_FUNCTIONS: Final = "timescale"
"""Its licence; `apache` lacks compression, continuous aggregates and policies."""


class Series:
    """The time series of one database.

    Args:
        config: its `risk_dsn` names the database; an empty one means that there is none.
    """

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._contract = table(TABLE)
        self._statements = {kind: [one.encode() for one in load_statements(kind)] for kind in Kind}
        self._columns = [column.name for column in stored(self._contract)]
        self._loading = Lock()

    def catch_up(self) -> int | None:
        """Loads each hour that gold has in another state; one thread after another.

        Returns:
            How many hours were loaded; None where the database gave no answer. Gold is the truth and the streams don't
            wait for a copy of it: what is missing is loaded with a later batch.
        """
        with self._loading:
            return self._catch_up()

    def _catch_up(self) -> int | None:
        dsn = self._config.risk_dsn.get_secret_value()
        gold = snapshot(self._contract, self._config) if dsn else None
        if gold is None:
            return 0
        try:
            with psycopg.connect(
                dsn, connect_timeout=_PATIENCE_S, options=_OPTIONS, application_name="acude-series", autocommit=True
            ) as connection:
                return self._load_differing(connection, gold, prepare(connection))
        except psycopg.Error as problem:
            # The kind alone: a message may hold the address and more.
            log.warning("The time series wait for their database: %s", type(problem).__name__)
            return None

    def _load_differing(self, connection: Connection, gold: Snapshot, kind: Kind) -> int:
        now = datetime.now(UTC)
        oldest = now.date() - timedelta(days=minute_days(self._contract))
        there: dict[datetime, str] = dict(connection.execute("SELECT hora, arquivos FROM pagamentos_cargas").fetchall())
        wanted = hours(gold)
        hours_of_interest = sorted(hour for hour in there.keys() | wanted.keys() if hour.date() >= oldest)
        differing = [hour for hour in hours_of_interest if there.get(hour) != wanted.get(hour)]
        refused = 0
        for hour in differing:
            try:
                self._replace(connection, kind, hour, gold, wanted)
            except psycopg.Error as problem:
                if connection.closed:
                    raise
                refused += 1
                log.warning("The time series wait for the hour of %s: %s", hour.isoformat(), type(problem).__name__)
        if any(hour.date() < oldest for hour in there):
            connection.execute("SELECT pagamentos_expirar(%s)", (now,))
        return len(differing) - refused

    def _replace(
        self, connection: Connection, kind: Kind, hour: datetime, gold: Snapshot, wanted: Mapping[datetime, str]
    ) -> None:
        rows = gold.fitting([[("data", "=", hour.date()), ("hora", "=", hour.hour)]], self._columns)
        with connection.transaction():
            connection.execute("SELECT pagamentos_preparar(%s)", (hour.date(),))
            for statement in self._statements[kind]:
                connection.execute(statement, {"hora": hour, **_lists(rows)})
            connection.execute("SELECT pagamentos_somar_hora(%s)", (hour,))
            if hour in wanted:
                connection.execute(_LOADED, (hour, wanted[hour]))
            else:
                connection.execute("DELETE FROM pagamentos_cargas WHERE hora = %s", (hour,))


def prepare(connection: Connection) -> Kind:
    """Creates the tables where they are missing, all or none.

    Returns:
        Of which kind they are.
    """
    found = connection.execute("SELECT relkind::text FROM pg_class WHERE oid = to_regclass('pagamentos_por_minuto')")
    if there := found.fetchone():
        return Kind.PLAIN if there[0] == _PARTITIONED else Kind.TIMESCALEDB
    kind = kind_for(connection)
    with connection.transaction():
        connection.execute(script(kind).encode())
    log.info("Created the time series' tables, kind=%s", kind)
    return kind


def kind_for(connection: Connection) -> Kind:
    """With TimescaleDB where the server has loaded it, may make it, and it has all its functions."""
    # Only a library that was loaded has settings in this view. Without it, making the extension would end the session.
    if not _answer(connection, "SELECT EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%')"):
        return Kind.PLAIN
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as problem:
        if connection.closed:
            raise
        log.warning("TimescaleDB can't be made here (%s): partitions of PostgreSQL then", type(problem).__name__)
        return Kind.PLAIN
    licence = _answer(connection, "SELECT current_setting('timescaledb.license', true)")
    if licence != _ALL_FUNCTIONS:
        log.warning("TimescaleDB has no compression or hourly sums here (licence %s): partitions then", licence)
        return Kind.PLAIN
    return Kind.TIMESCALEDB


def _answer(connection: Connection, question: LiteralString) -> object:
    (found,) = connection.execute(question).fetchone() or (None,)
    return found


def hours(gold: Snapshot) -> dict[datetime, str]:
    """Gold's hours, each with the names of its files."""
    files: dict[datetime, list[str]] = {}
    actions = pa.table(gold.table.get_add_actions(flatten=True)).select(["path", "partition.data", "partition.hora"])
    for path, day, hour in zip(*(column.to_pylist() for column in actions.columns), strict=True):
        files.setdefault(datetime(day.year, day.month, day.day, int(hour), tzinfo=UTC), []).append(path)
    return {hour: " ".join(sorted(names)) for hour, names in files.items()}


def _lists(rows: pa.Table) -> dict[str, list[object]]:
    return {name: rows[name].to_pylist() for name in rows.column_names}


_LOADED: Final = """
INSERT INTO pagamentos_cargas (hora, arquivos) VALUES (%s, %s)
ON CONFLICT (hora) DO UPDATE SET arquivos = excluded.arquivos, carregada_em = now()
"""

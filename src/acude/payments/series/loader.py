"""Loads gold's live payments into the time series, an hour at a time.

PostgreSQL remembers from which of gold's files each hour was loaded. An hour whose files have changed is loaded again,
in one transaction. So after an outage, a restore or a kill the next run brings both to the same state, and loading an
hour twice changes nothing.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

import psycopg
import pyarrow as pa
from psycopg import Connection

from acude.contracts.model import table
from acude.lake.snapshot import Snapshot, snapshot
from acude.payments.series.schema import TABLE, Kind, load_statement, minute_days, script, stored
from acude.settings import Settings

log = logging.getLogger(__name__)

_OPTIONS: Final = "-c timezone=UTC -c lock_timeout=5s -c statement_timeout=60s"
_PATIENCE_S: Final = 3


class Series:
    """The time series of one database.

    Args:
        config: its `risk_dsn` names the database; an empty one means that there is none.
    """

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._contract = table(TABLE)
        self._statement = load_statement().encode()
        self._columns = [column.name for column in stored(self._contract)]
        self._loading = Lock()

    def catch_up(self) -> int | None:
        """Loads each hour that gold has in another state; one thread after another.

        Returns:
            How many hours were loaded; None where the database gave no answer or refused. Gold is the truth and the
            streams don't wait for a copy of it: what is missing is loaded with a later batch.
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
                prepare(connection)
                return self._load_differing(connection, gold)
        except psycopg.Error as problem:
            # The kind alone: a message may hold the address and more.
            log.warning("The time series wait for their database: %s", type(problem).__name__)
            return None

    def _load_differing(self, connection: Connection, gold: Snapshot) -> int:
        now = datetime.now(UTC)
        oldest = now.date() - timedelta(days=minute_days(self._contract))
        there: dict[datetime, str] = dict(connection.execute("SELECT hora, arquivos FROM pagamentos_cargas").fetchall())
        wanted = hours(gold)
        hours_of_interest = sorted(hour for hour in there.keys() | wanted.keys() if hour.date() >= oldest)
        differing = [hour for hour in hours_of_interest if there.get(hour) != wanted.get(hour)]
        for hour in differing:
            self._replace(connection, hour, gold, wanted)
        if any(hour.date() < oldest for hour in there):
            connection.execute("SELECT pagamentos_expirar(%s)", (now,))
        return len(differing)

    def _replace(self, connection: Connection, hour: datetime, gold: Snapshot, wanted: Mapping[datetime, str]) -> None:
        rows = gold.fitting([[("data", "=", hour.date()), ("hora", "=", hour.hour)]], self._columns)
        with connection.transaction():
            connection.execute("SELECT pagamentos_preparar(%s)", (hour.date(),))
            connection.execute(self._statement, {"hora": hour, **_lists(rows)})
            connection.execute("SELECT pagamentos_somar_hora(%s)", (hour,))
            if hour in wanted:
                connection.execute(_LOADED, (hour, wanted[hour]))
            else:
                connection.execute("DELETE FROM pagamentos_cargas WHERE hora = %s", (hour,))


def prepare(connection: Connection) -> None:
    """Creates the tables where they are missing, all or none."""
    (there,) = connection.execute("SELECT to_regclass('pagamentos_cargas') IS NOT NULL").fetchone() or (False,)
    if not there:
        kind = _kind(connection)
        with connection.transaction():
            connection.execute(script(kind).encode())
        log.info("Created the time series' tables, kind=%s", kind)


def _kind(connection: Connection) -> Kind:
    """With TimescaleDB where it is there, or may be made."""
    found = connection.execute("SELECT installed_version FROM pg_available_extensions WHERE name = 'timescaledb'")
    extension = found.fetchone()
    if extension and not extension[0]:
        try:
            connection.execute("CREATE EXTENSION timescaledb")
        except psycopg.Error as problem:
            log.warning("TimescaleDB can't be made here (%s): its own partitions then", type(problem).__name__)
            return Kind.PLAIN
    return Kind.TIMESCALEDB if extension else Kind.PLAIN


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

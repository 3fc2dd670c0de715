"""The parts that `acude init` looks at, in the order in which they are created. What is there is left as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from acude.contracts.model import tables
from acude.init import access, buckets
from acude.kafka import topics
from acude.lake import catalog
from acude.lake.maintenance import create_all
from acude.lake.snapshot import snapshot
from acude.migrations.database import AUDIT, DECISIONS, MigrationError, migrate, pending, script, version
from acude.payments.series import loader
from acude.settings import Settings
from acude.warehouse import schema

_SERIES: Final = "pagamentos_por_minuto"
_PATIENCE_S: Final = 5


@dataclass(frozen=True)
class Part:
    """One kind of things that have to be there.

    Attributes:
        name: what they are, in the plural.
        missing: those that are not there, a line each.
        create: creates those.
        wanted: whether the settings name where they belong.
        setting: the variable that does.
    """

    name: str
    missing: Callable[[Settings], Sequence[str]]
    create: Callable[[Settings], object]
    wanted: Callable[[Settings], bool] = lambda _: True
    setting: str = ""


def missing_tables(config: Settings) -> list[str]:
    """Tables of the lake that have no commit."""
    if config.lake_bucket in buckets.missing(config):
        return [contract.full_name for contract in tables()]
    return [contract.full_name for contract in tables() if snapshot(contract, config) is None]


def missing_series(config: Settings) -> list[str]:
    """The time series' first table where it is not there."""
    with _decisions(config) as connection:
        found = connection.execute("SELECT to_regclass(%s)", (_SERIES,)).fetchone()
    return [] if found and found[0] is not None else [_SERIES]


def create_series(config: Settings) -> None:
    """Creates the time series' tables; with TimescaleDB where the server has it."""
    with _decisions(config) as connection:
        loader.prepare(connection)


def _decisions(config: Settings) -> psycopg.Connection:
    return psycopg.connect(config.risk_dsn.get_secret_value(), connect_timeout=_PATIENCE_S)


def _has_decisions(config: Settings) -> bool:
    return bool(config.risk_dsn.get_secret_value())


def audit_script(config: Settings) -> str:
    """The SQL that the decisions' administrator runs for the audit log; what was run before is left out."""
    return script(AUDIT, version(AUDIT, config.risk_dsn.get_secret_value()) if _has_decisions(config) else None)


def notes(config: Settings) -> list[str]:
    """What nobody but an administrator can mend, a sentence each."""
    found = [
        f"Topic {name} has {there} partitions, and its contract says {wanted}. More of them would send a key's next "
        "events elsewhere: add them while nobody sends, or change the contract."
        for name, there, wanted in topics.too_narrow(config)
    ]
    return found + (_of_the_audit_log(config) if _has_decisions(config) else [])


def _of_the_audit_log(config: Settings) -> list[str]:
    """Decisions are recorded together with their rows of the log."""
    grant = "GRANT acude_trilha TO the role of ACUDE_RISK_DSN"
    try:
        steps = pending(AUDIT, config.risk_dsn.get_secret_value())
    except MigrationError:
        return [f"The audit log is closed to us, and decisions can't be recorded. Its administrator: {grant}."]
    if not steps:
        return []
    return [
        (
            f"The audit log lacks {', '.join(steps)}, and decisions may not be recorded without it. The database's "
            f"administrator runs what `acude init --audit-sql` prints, and {grant}."
        )
    ]


PARTS: Final = (
    Part(
        "users and access lists of the brokers",
        access.missing,
        access.ensure,
        lambda config: config.kafka_rights != "none",
        "ACUDE_KAFKA_RIGHTS",
    ),
    Part("topics", topics.missing, topics.ensure_topics),
    Part("buckets", buckets.missing, buckets.create),
    Part("tables of the lake", missing_tables, create_all),
    Part("entries of the catalogue", catalog.missing, catalog.register_all),
    Part(
        "tables of the warehouse",
        schema.missing,
        schema.ensure,
        lambda config: bool(config.warehouse_dsn.get_secret_value()),
        "ACUDE_WAREHOUSE_DSN",
    ),
    Part(
        "migrations of the decisions",
        lambda config: pending(DECISIONS, config.risk_dsn.get_secret_value()),
        lambda config: migrate(DECISIONS, config.risk_dsn.get_secret_value()),
        _has_decisions,
        "ACUDE_RISK_DSN",
    ),
    Part("time series of the payments", missing_series, create_series, _has_decisions, "ACUDE_RISK_DSN"),
)

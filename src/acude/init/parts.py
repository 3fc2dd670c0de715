"""The parts that `acude init` looks at, in the order in which they are created. What is there is left as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from acude.contracts.model import tables
from acude.init import buckets
from acude.kafka import topics
from acude.lake import catalog
from acude.lake.maintenance import create_all
from acude.lake.snapshot import snapshot
from acude.payments import store
from acude.payments.audit_log import SCHEMA
from acude.payments.series import loader
from acude.settings import Settings
from acude.warehouse import schema

_DECISIONS: Final = ("decisoes", "reservas", "listas", "pagamentos_por_minuto")
_AUDIT_LOG: Final = "auditoria.trilha"
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


def missing_decisions(config: Settings) -> list[str]:
    """Tables of the decisions' database that are not there."""
    with _decisions(config) as connection:
        asked = ((name, connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()) for name in _DECISIONS)
        return [name for name, found in asked if not found or found[0] is None]


def create_decisions(config: Settings) -> None:
    """Creates them, and the time series' tables; with TimescaleDB where the server has it."""
    with _decisions(config) as connection:
        store.prepare(connection)
        loader.prepare(connection)


def _decisions(config: Settings) -> psycopg.Connection:
    return psycopg.connect(config.risk_dsn.get_secret_value(), connect_timeout=_PATIENCE_S)


def notes(config: Settings) -> list[str]:
    """What nobody but an administrator can mend, a sentence each."""
    found = [
        f"Topic {name} has {there} partitions, and its contract says {wanted}. More of them would send a key's next "
        "events elsewhere: add them while nobody sends, or change the contract."
        for name, there, wanted in topics.too_narrow(config)
    ]
    if config.risk_dsn.get_secret_value():
        with _decisions(config) as connection:
            there = connection.execute("SELECT to_regclass(%s)", (_AUDIT_LOG,)).fetchone()
        if not there or there[0] is None:
            found.append(
                f"The audit log ({_AUDIT_LOG}) is missing, and nothing is recorded without it. The database's "
                f"administrator runs {SCHEMA}, and GRANT acude_trilha TO the role of ACUDE_RISK_DSN."
            )
    return found


PARTS: Final = (
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
        "tables of the decisions",
        missing_decisions,
        create_decisions,
        lambda config: bool(config.risk_dsn.get_secret_value()),
        "ACUDE_RISK_DSN",
    ),
)

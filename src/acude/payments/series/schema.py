"""The time series' tables as SQL, for TimescaleDB and for PostgreSQL without it, from one contract and the same files.

``python -m acude.payments.series.schema timescaledb`` prints what people read in ``infra/postgres/``.
"""

import sys
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Final

from acude.contracts.column import Column
from acude.contracts.model import Contract, table

TABLE: Final = "gold.ao_vivo_pagamentos_por_minuto"
"""What is loaded, and whose columns the tables have."""

NUMBERS: Final = ("transacoes", "valor")
"""What is stored beside the key; views compute averages and rates, which can't be added up."""

HOURS_KEPT_DAYS: Final = 400
"""Hours outlive their minutes: a year and a month, to compare a month with last year's."""

_COMPRESS_DAYS: Final = 7
_TIME: Final = "janela_inicio"
_TYPES: Final = {"timestamp": "timestamptz", "string": "text", "bigint": "bigint"}
_HEADER: Final = """\
-- Payments by minute and hour, {kind}. Generated: change src/acude/payments/series/ or the contract
-- {table}, then `make generate`. The loader runs it where the tables are missing.

"""


class Kind(StrEnum):
    """Of database."""

    TIMESCALEDB = "timescaledb"
    PLAIN = "plain"


def script(kind: Kind) -> str:
    """All statements for an empty database, views last."""
    files = "tables.sql", f"{kind}.sql", "views.sql"
    return _HEADER.format(kind=kind, table=TABLE) + "\n".join(_rendered(name, kind) for name in files)


def load_statements(kind: Kind) -> list[str]:
    """Replace an hour's minutes, in this order; each takes `hora` and for each of `stored` a list of that name."""
    files = {Kind.PLAIN: ["plain_load.sql"], Kind.TIMESCALEDB: ["timescaledb_clear.sql", "timescaledb_load.sql"]}
    return [_rendered(name, kind) for name in files[kind]]


def stored(contract: Contract) -> list[Column]:
    """The contract's columns that the database has, the key first."""
    return [contract.column(name) for name in (*contract.keys, *NUMBERS)]


def minute_days(contract: Contract) -> int:
    """For how many days before today minutes are kept.

    Raises:
        ValueError: the contract keeps its rows for ever, which no time series does.
    """
    if contract.retention is None:
        raise ValueError(f"{contract.full_name} has no retention; name one in days")
    return contract.retention.days


def _rendered(name: str, kind: Kind) -> str:
    contract = table(TABLE)
    columns, keys = stored(contract), contract.keys
    words = {
        "columns": _lines(columns),
        "hour_columns": _lines([column for column in columns if column.name != _TIME]),
        "divided": " PARTITION BY RANGE (janela_inicio)" if kind is Kind.PLAIN else "",
        "keys": ", ".join(keys),
        "group": ", ".join(key for key in keys if key not in {_TIME, "resultado"}),
        "names": ", ".join(column.name for column in columns),
        "arrays": ", ".join(f"%({column.name})s::{_type(column)}[]" for column in columns),
        "n_keys": ", ".join(f"n.{key}" for key in keys),
        "p_keys": ", ".join(f"p.{key}" for key in keys),
        "minute_days": str(minute_days(contract)),
        "chunk_days": str(minute_days(contract) + 1),
        "hour_days": str(HOURS_KEPT_DAYS),
        "compress_days": str(_COMPRESS_DAYS),
    }
    return Template(Path(__file__).with_name(name).read_text(encoding="utf-8")).substitute(words)


def _lines(columns: list[Column]) -> str:
    return "\n".join(f"    {column.name} {_type(column)} NOT NULL," for column in columns)


def _type(column: Column) -> str:
    return "numeric({}, {})".format(*column.decimal) if column.decimal else _TYPES[column.type]


if __name__ == "__main__":
    sys.stdout.write(script(Kind(sys.argv[1])))

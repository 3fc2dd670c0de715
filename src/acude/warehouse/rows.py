"""The rows of one table and period, read from one version of its Delta table, and what they add up to."""

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from acude.lake.content import content_hash_of
from acude.lake.snapshot import snapshot
from acude.settings import Settings
from acude.warehouse.errors import LoadError
from acude.warehouse.target import MONEY, Target

REPLACEMENT = "\ufffd"
"""Stands for the character NUL, which no PostgreSQL or Redshift text can hold."""


@dataclass(frozen=True)
class Digest:
    """What rows add up to.

    Attributes:
        rows: how many.
        money: exact sum of `receita`; None where the table has no such column, 0 where there are no rows.
        content_hash: `acude.lake.content`'s hash over the warehouse's columns.
    """

    rows: int
    money: Decimal | None
    content_hash: str


@dataclass(frozen=True)
class PeriodRows:
    """The rows in memory.

    Attributes:
        table: the target's columns in the target's order.
        version: the Delta version that was read, whatever is committed meanwhile.
        digest: what the rows add up to.
    """

    table: pa.Table
    version: int
    digest: Digest


def period_rows(target: Target, period: str, config: Settings) -> PeriodRows:
    """The period's rows at the table's latest version.

    Args:
        target: the warehouse's table.
        period: value of the source's partition column.
        config: where the lake lies.

    Raises:
        LoadError: the lake has no such table yet.
    """
    found = snapshot(target.source, config)
    if found is None:
        raise LoadError(
            f"{target.name} is loaded from {target.source.full_name}, but there is no Delta table at "
            f"{config.lake}/{target.source.prefix}.",
            f"Run what writes it first ({target.source.writer}), then load the day again.",
        )
    rows = _as_the_warehouse_takes_it(found.rows([period]).select(target.contract.column_names))
    return PeriodRows(rows, found.version, _digest(rows, target))


def _as_the_warehouse_takes_it(rows: pa.Table) -> pa.Table:
    for place, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            rows = rows.set_column(place, field, pc.replace_substring(rows.column(place), "\0", REPLACEMENT))
    return rows


def _digest(rows: pa.Table, target: Target) -> Digest:
    money = None
    if target.has_money:
        # The widest type: a sum of decimal(28,4) is again one, and could be too long for it.
        receita = rows.column(MONEY)
        money = pc.sum(receita.cast(pa.decimal128(38, receita.type.scale))).as_py() or Decimal(0)
    return Digest(rows.num_rows, money, content_hash_of(rows, target.contract))

"""The rows of one table and period, read from one version of its Delta table, and what they add up to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import pyarrow as pa
import pyarrow.compute as pc

from acude.lake.content import Content
from acude.lake.snapshot import Snapshot, snapshot
from acude.settings import Settings
from acude.warehouse.errors import LoadError
from acude.warehouse.target import MONEY, WarehouseTable

REPLACEMENT = "\ufffd"
"""Stands for the character NUL, which no PostgreSQL or Redshift text can hold."""

PIECE_ROWS = 200_000
"""Rows of a piece, and so of a file for Redshift."""


@dataclass(frozen=True)
class Digest:
    """Count, sum and hash of rows.

    Attributes:
        rows: how many.
        money: exact sum of `receita`; None where the table has no such column, 0 where there are no rows.
        content_hash: `acude.lake.content`'s hash over the warehouse's columns.
    """

    rows: int
    money: Decimal | None
    content_hash: str


@dataclass
class PeriodRows:
    """A period's rows; their digest is computed while they are read.

    Attributes:
        target: the warehouse's table.
        period: value of the source's partition column.
        source: the version that is read, whatever is committed meanwhile.
    """

    target: WarehouseTable
    period: str
    source: Snapshot
    content: Content = field(init=False)
    money: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        self.content = Content(self.target.contract)

    @property
    def version(self) -> int:
        """The Delta version that is read."""
        return self.source.version

    def pieces(self) -> Iterator[pa.Table]:
        """The target's columns in the target's order, some rows at a time; to be read once."""
        for piece in self.source.pieces(self.period, self.target.contract.column_names, PIECE_ROWS):
            rows = _as_the_warehouse_takes_it(piece)
            self.content.add(rows)
            if self.target.has_money:
                # Python would round silently at 28 digits.
                with localcontext(prec=60):
                    self.money += _sum(rows.column(MONEY))
            yield rows

    def digest(self) -> Digest:
        """What was read; only after the last piece."""
        return Digest(self.content.rows, self.money if self.target.has_money else None, self.content.hash)


def period_rows(target: WarehouseTable, period: str, config: Settings) -> PeriodRows:
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
    return PeriodRows(target, period, found)


def _as_the_warehouse_takes_it(rows: pa.Table) -> pa.Table:
    for place, column in enumerate(rows.schema):
        if pa.types.is_string(column.type):
            rows = rows.set_column(place, column, pc.replace_substring(rows.column(place), "\0", REPLACEMENT))
    return rows


def _sum(values: pa.ChunkedArray) -> Decimal:
    # The widest type, so that no sum is too long for it.
    total: Decimal | None = pc.sum(values.cast(pa.decimal128(38, values.type.scale))).as_py()
    return total or Decimal(0)

"""The rows of one table and period, read from one version of its Delta table, and what they add up to."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (the name that PySpark's own pages use)

from acude.lake import delta_log
from acude.settings import Settings
from acude.warehouse.errors import LoadError
from acude.warehouse.target import MONEY, Target

REPLACEMENT = "\ufffd"
"""Stands for the character NUL, which no PostgreSQL or Redshift text can hold."""

_PIECE_DIGITS = 15
_PIECES = 2


@dataclass(frozen=True)
class Digest:
    """What rows add up to.

    Attributes:
        rows: how many.
        money: exact sum of `receita`; None where the table has no such column, 0 where there are no rows.
        content_hash: SHA-256 in hex over all rows, whatever their order.
    """

    rows: int
    money: Decimal | None
    content_hash: str


@dataclass(frozen=True)
class PeriodRows:
    """The rows as a frame whose reading fills in the digest.

    Attributes:
        frame: the target's columns in the target's order.
        version: the Delta version that is read, whatever is committed meanwhile.
    """

    frame: DataFrame
    version: int
    observed: Observation
    has_money: bool

    def digest(self) -> Digest:
        """What was read; only after the frame has been read to its end."""
        found = self.observed.get
        pieces = [str(found[f"piece_{i}"] or 0) for i in range(_PIECES)]
        content = ":".join([str(found["rows"]), *pieces])
        return Digest(
            rows=found["rows"],
            money=(found["money"] or Decimal(0)) if self.has_money else None,
            content_hash=hashlib.sha256(content.encode()).hexdigest(),
        )


def _pieces(frame: DataFrame) -> list[Column]:
    """Sums of the pieces of every row's SHA-256: equal for equal rows in any order, repeated rows counted."""
    whole = F.sha2(F.to_json(F.struct(*frame.columns), {"ignoreNullFields": "false"}), 256)
    pieces = (F.conv(F.substring(whole, 1 + _PIECE_DIGITS * i, _PIECE_DIGITS), 16, 10) for i in range(_PIECES))
    return [F.sum(piece.cast("decimal(20,0)")).alias(f"piece_{i}") for i, piece in enumerate(pieces)]


def _latest_version(path: str, target: Target, config: Settings) -> int:
    version = delta_log.latest_version(target.source, config)
    if version is None:
        raise LoadError(
            f"{target.name} is loaded from {target.source.full_name}, but there is no Delta table at {path}.",
            f"Run what writes it first ({target.source.writer}), then load the day again.",
        )
    return version


def _column(target: Target, name: str) -> Column:
    """The column as the warehouse takes it."""
    if target.contract.column(name).type == "string":
        return F.translate(F.col(name), "\0", REPLACEMENT).alias(name)
    return F.col(name)


def period_rows(spark: SparkSession, target: Target, period: str, config: Settings) -> PeriodRows:
    """The period's rows at the table's latest version.

    Args:
        spark: a session that sees the lake.
        target: the warehouse's table.
        period: value of the source's partition column.
        config: where the lake lies.

    Raises:
        LoadError: the lake has no such table yet.
    """
    path = f"{config.lake}/{target.source.layer}/{target.source.name}"
    version = _latest_version(path, target, config)
    at_version = spark.read.format("delta").option("versionAsOf", version).load(path)
    rows = at_version.where(F.col(target.period_column) == F.lit(period)).select(
        *(_column(target, name) for name in target.contract.column_names)
    )
    observed = Observation()
    money = [F.sum(MONEY).alias("money")] if target.has_money else []
    frame = rows.observe(observed, F.count(F.lit(1)).alias("rows"), *money, *_pieces(rows))
    return PeriodRows(frame, version, observed, target.has_money)

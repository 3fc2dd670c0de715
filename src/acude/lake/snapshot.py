"""Reads rows of one version of a table without Spark: for few rows, planning in the JVM costs more than the reading.

Nothing here writes.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from pyarrow.acero import AggregateNodeOptions, Declaration, ScanNodeOptions
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import StructType

from acude.aws import storage_options
from acude.contracts.arrow import arrow_type
from acude.contracts.model import Contract
from acude.contracts.spark import schema
from acude.lake.data_files import DataFile
from acude.lake.dataset import dataset
from acude.lake.delta import each_day, partition_column, partition_of
from acude.lake.listed_files import listed_files
from acude.settings import Settings, settings

_PIECE_ROWS = 1_000_000
_BATCH_ROWS = 65_536

Condition = tuple[str, Literal["=", ">=", "<"], date | datetime | int]
"""Column, comparison, value."""

_COMPARED: Final[dict[str, Callable[[Any, Any], Any]]] = {"=": operator.eq, ">=": operator.ge, "<": operator.lt}


@dataclass(frozen=True)
class Snapshot:
    """A table as it is in one version, whatever is committed meanwhile."""

    contract: Contract
    table: DeltaTable

    @property
    def version(self) -> int:
        """The Delta version."""
        return self.table.version()

    def rows(
        self, partitions: Sequence[str], *, columns: Sequence[str] | None = None, limit: int | None = None
    ) -> pa.Table:
        """Rows of the named partitions.

        Args:
            partitions: values of the partition column, as in a path.
            columns: those that are wanted; all where they are left out.
            limit: the most rows to return; any of them.

        Returns:
            The columns in the order asked for, or the contract's, with the contract's types.
        """
        names = list(columns or self.contract.column_names)
        files = self._files(partitions)
        found = files.to_table(columns=names) if limit is None else files.head(limit, columns=names)
        return found.cast(_schema(self.contract, names))

    def fitting(self, any_of: Sequence[Sequence[Condition]], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows that fit all conditions of one of these groups; files that can't hold any stay closed.

        Files are skipped by their statistics, which hold milliseconds: compare with times that have no finer part.

        Args:
            any_of: groups of conditions.
            columns: those that are wanted; all where they are left out.
        """
        names = list(columns or self.contract.column_names)
        predicate: list[list[tuple[str, str, Any]]] = [[*group] for group in any_of]
        pruned = self.table.to_pyarrow_dataset(file_pruning_predicate=predicate).files
        fits = reduce(operator.or_, (reduce(operator.and_, map(_expression, group)) for group in any_of))
        found = dataset(self.table, fits, among=set(pruned)).to_table(columns=names, filter=fits)
        return found.cast(_schema(self.contract, names))

    def pieces(self, partition: str, columns: Sequence[str], size: int) -> Iterator[pa.Table]:
        """The same rows of one partition in pieces of about `size` rows, as tables of the columns."""
        # Arrow would read sixteen batches of four files ahead, however slowly they are taken.
        read = self._files([partition]).scanner(
            columns=list(columns), batch_size=min(size, _BATCH_ROWS), batch_readahead=2, fragment_readahead=1
        )
        return self._joined(read, columns, size)

    def where(self, condition: pc.Expression, columns: Sequence[str], size: int = _PIECE_ROWS) -> Iterator[pa.Table]:
        """Rows that fit, in pieces of about `size` rows; files that can't hold any are not read.

        Args:
            condition: on any of the table's columns.
            columns: those that are wanted.
            size: rows in a piece; a stream's many small files come together.
        """
        found = dataset(self.table, condition).scanner(columns=list(columns), filter=condition)
        return self._joined(found, columns, size)

    def greatest(self, columns: Sequence[str], by: Sequence[str]) -> pa.Table:
        """The greatest value of each column per group, over all rows, which are read a few files at a time.

        Args:
            columns: those that are compared.
            by: the columns that make a group.

        Returns:
            A row per group: `by`, then the columns.
        """
        read = ScanNodeOptions(
            self.table.to_pyarrow_dataset(), columns={name: pc.field(name) for name in (*by, *columns)}
        )
        compared = AggregateNodeOptions([(name, "hash_max", None, name) for name in columns], keys=list(by))
        found = Declaration.from_sequence([Declaration("scan", read), Declaration("aggregate", compared)]).to_table()
        return found.select([*by, *columns]).cast(_schema(self.contract, [*by, *columns]))

    def _joined(self, rows: ds.Scanner, columns: Sequence[str], size: int) -> Iterator[pa.Table]:
        kinds, held = _schema(self.contract, columns), []
        for batch in rows.to_batches():
            held.append(batch)
            if sum(one.num_rows for one in held) >= size:
                yield pa.Table.from_batches(held).cast(kinds)
                held = []
        if held:
            yield pa.Table.from_batches(held).cast(kinds)

    def described(self, partition: str, comparison: Literal["=", "<"] = "=") -> list[DataFile]:
        """One partition's files, or those of all before it; without statistics."""
        column = pc.field(partition_column(self.contract))
        return [
            DataFile(table=self.contract.full_name, stats="", **one._asdict())
            for one in listed_files(self.table, _COMPARED[comparison](column, partition))
        ]

    def files(self, partition: str, comparison: Literal["=", "<"] = "=") -> list[str]:
        """URLs of one partition's files, or of those before it."""
        chosen = f"{partition_column(self.contract)} {comparison} '{partition}'"
        return self.table.file_uris(file_pruning_predicate=chosen)

    def _files(self, partitions: Sequence[str]) -> ds.Dataset:
        chosen = [(partition_column(self.contract), "in", list(partitions))]
        return self.table.to_pyarrow_dataset(file_pruning_predicate=chosen)

    def frame(self, spark: SparkSession, partition: str) -> DataFrame:
        """The same rows of one partition for Spark, which then needs no plan over the table's log.

        Each of a partition's files is looked up by itself: for tables whose days are one file, those of the batch.
        """
        column = partition_column(self.contract)
        files = self.files(partition)
        kinds = schema(self.contract)
        if not files:
            return spark.createDataFrame([], kinds)
        stored = StructType([field for field in kinds if field.name != column])
        rows = spark.read.schema(stored).parquet(*(file.replace("s3://", "s3a://", 1) for file in files))
        return rows.withColumn(column, f.lit(partition).cast(kinds[column].dataType)).select(*kinds.names)


def _expression(condition: Condition) -> pc.Expression:
    name, comparison, value = condition
    return _COMPARED[comparison](pc.field(name), value)


def snapshot(contract: Contract, config: Settings | None = None) -> Snapshot | None:
    """The table as it is now; None where it was never created."""
    config = config or settings()
    try:
        return Snapshot(contract, DeltaTable(place_of(contract, config), storage_options=storage_options(config)))
    except TableNotFoundError:
        return None


def place_of(contract: Contract, config: Settings) -> str:
    """The table's URL for delta-rs: `s3://acude-lake/gold/mais_vendidos`."""
    return f"s3://{config.lake_bucket}/{contract.prefix}"


def rows_of_day(contract: Contract, day: date, limit: int | None = None) -> pa.Table:
    """The rows of one day (of its month in a monthly table); no rows where the table doesn't exist yet."""
    found = snapshot(contract)
    return found.rows([partition_of(contract, day)], limit=limit) if found else _schema(contract).empty_table()


def frame_of_day(spark: SparkSession, contract: Contract, day: date) -> DataFrame:
    """The rows of one day of a table of the batch; no rows where the table doesn't exist yet."""
    found = snapshot(contract)
    return found.frame(spark, partition_of(contract, day)) if found else spark.createDataFrame([], schema(contract))


def rows_of_days(contract: Contract, first: date, last: date) -> pa.Table:
    """The rows of the days from first to last, both included; no rows where the table doesn't exist yet."""
    days = [day.isoformat() for day in each_day(first, last)]
    found = snapshot(contract)
    return found.rows(days) if found else _schema(contract).empty_table()


def rows_where(contract: Contract, condition: pc.Expression, columns: Sequence[str], config: Settings) -> pa.Table:
    """The columns of the rows that fit; no rows where the table doesn't exist yet."""
    found = snapshot(contract, config)
    pieces = found.where(condition, columns) if found else ()
    return pa.concat_tables([_schema(contract, columns).empty_table(), *pieces])


def _schema(contract: Contract, names: Sequence[str] | None = None) -> pa.Schema:
    """The schema without NOT NULL, which is checked when rows are written."""
    return pa.schema([(name, arrow_type(contract.column(name))) for name in names or contract.column_names])

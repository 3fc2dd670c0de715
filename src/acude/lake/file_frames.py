"""Data files and Spark: frames written on the executors, and files read there."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructType

from acude.contracts.model import Contract
from acude.contracts.spark import schema
from acude.lake.data_files import (
    GROUP_ROWS,
    HELD_BYTES,
    ContractViolation,
    DataFile,
    FileWriter,
    Target,
    described,
    nullable,
    parsed,
)
from acude.lake.object_store import ObjectStore, object_store
from acude.settings import Settings, settings

# As a type, not as text: a client of Spark Connect would ask the server what the text means.
_WRITTEN = StructType().add("arquivo", StringType()).add("visto", StringType())

_VIOLATION = re.compile(r"ContractViolation: (\S+): column (.+?) is (.+?), but its contract says (.+)")


class Observer(Protocol):
    """Adds up something over the rows that a task writes."""

    def add(self, rows: pa.Table) -> None:
        """Looks at rows of the table."""

    def result(self) -> str:
        """What was found, as JSON."""


class FrameFiles(NamedTuple):
    """The files of a frame, and what each task's observer found."""

    files: list[DataFile]
    observed: list[str]


def write_frame(
    frame: DataFrame,
    contract: Contract,
    config: Settings | None = None,
    observer: Callable[[Contract], Observer] | None = None,
) -> FrameFiles:
    """Writes a frame's rows on the executors, a file or more per task.

    Args:
        frame: the contract's columns, in any order.
        contract: the table.
        config: where the lake is; the process's settings unless given.
        observer: makes what looks at each task's rows.

    Raises:
        ContractViolation: a column is missing or of another type, or a required one holds a null.
    """
    _check_types(frame, contract)
    target, store, names = Target.of(contract), object_store(config or settings()), contract.column_names

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        writer, watching = FileWriter(target, store), observer(contract) if observer else None
        for batch in batches:
            rows = pa.Table.from_batches([batch]).select(names).cast(nullable(target.schema))
            writer.write(rows)
            if watching:
                watching.add(rows)
        yield described(writer.close(), watching.result() if watching else None)

    with _violations():
        found = frame.mapInArrow(run, _WRITTEN).toArrow()
    files, observed = (found[name].drop_null().to_pylist() for name in ("arquivo", "visto"))
    return FrameFiles(parsed(files), observed)


def _check_types(frame: DataFrame, contract: Contract) -> None:
    """Arrow would turn a float into a decimal without a word."""
    found = {one.name: one.dataType.simpleString() for one in frame.schema}
    for one in schema(contract):
        wanted, kind = one.dataType.simpleString(), found.get(one.name, "missing")
        if kind != wanted:
            raise ContractViolation(contract.full_name, one.name, kind, wanted)


@contextmanager
def _violations() -> Iterator[None]:
    """Raises a task's `ContractViolation` as what it is; Spark hands on its text alone."""
    try:
        yield
    except PySparkException as problem:
        found = _VIOLATION.search(str(problem))
        if found is None:
            raise
        raise ContractViolation(*found.groups()) from problem


def files_of(frame: DataFrame) -> list[DataFile]:
    """The files that a frame's column `arquivo` describes."""
    return parsed(frame.select("arquivo").toArrow()["arquivo"].to_pylist())


def rows_of_file(store: ObjectStore, target: Target, path: str, partition: Mapping[str, str]) -> Iterator[pa.Table]:
    """A file's rows, about `HELD_BYTES` at a time, in the table's shape; columns that the table gained later are null.

    Args:
        store: the lake's bucket.
        target: the table.
        path: below the table's folder.
        partition: the file's.
    """
    place = f"{store.bucket}/{target.prefix}/{path}"
    wanted = nullable(target.schema)
    with pq.ParquetFile(store.filesystem().open_input_file(place)) as file:
        for batch in _batches(file):
            found = dict(zip(batch.schema.names, batch.columns, strict=True))
            found |= {name: pa.array([value] * batch.num_rows) for name, value in partition.items()}
            columns = [
                found[one.name].cast(one.type) if one.name in found else pa.nulls(batch.num_rows, one.type)
                for one in wanted
            ]
            yield pa.table(columns, schema=wanted)


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """A file's rows; no batch has more than a row group, which a `FileWriter` has held as a whole."""
    for number in range(file.num_row_groups):
        # The rows of one call are one group, however large. The footer doesn't count repetitions of a value.
        group = file.metadata.row_group(number)
        most = group.num_rows * HELD_BYTES // max(group.total_byte_size, HELD_BYTES)
        yield from file.iter_batches(batch_size=min(max(most, 1), GROUP_ROWS), row_groups=[number])


def frame_of_files(
    spark: SparkSession, contract: Contract, files: Sequence[DataFile], config: Settings | None = None
) -> DataFrame:
    """The rows of these files, whether a version of the table names them or not.

    Args:
        spark: a session.
        contract: their table.
        files: of any partitions.
        config: where the lake is; the process's settings unless given.
    """
    if not files:
        return spark.createDataFrame([], schema(contract))
    root = f"{(config or settings()).lake}/{contract.prefix}"
    rows = (
        spark.read.schema(schema(contract)).option("basePath", root).parquet(*(f"{root}/{one.path}" for one in files))
    )
    return rows.select(*contract.column_names)

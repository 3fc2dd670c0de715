"""Parquet files of a table, written where the rows are; nothing of them is visible until a commit adds them.

Executors write with pyarrow, under the table's own prefix, and return a `DataFile` per file: its path, size, rows and
statistics. `acude.lake.commit` makes exactly those files visible. What died before its commit leaves files that no
version names; maintenance deletes them once they are old (`acude.lake.maintenance.expire`).
"""

import math
import re
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract
from acude.errors import AcudeError
from acude.lake.object_store import ObjectStore, object_store
from acude.lake.statistics import statistics
from acude.settings import Settings, settings

FILE_BYTES: Final = 128 * 2**20
"""A file that has grown to this size is closed, and the next rows begin another."""

GROUP_ROWS: Final = 200_000
"""The most rows of a row group."""

HELD_BYTES: Final = 16 * 2**20
"""Rows of this size, over all open files of a writer, wait to become row groups; then those of the fullest file are."""

_OPEN_FILES: Final = 16
"""Partitions that one task writes side by side; of more, the one written to least recently is closed."""

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.:-]+")
_MOST_DISTINCT: Final = 0.5
"""A dictionary pays where fewer of the first rows' values than this share are distinct."""


class ContractViolation(AcudeError):  # noqa: N818 - the style guide's name for it
    """Rows that don't keep their table's contract; carries table, column, what was found and the rule."""

    def __init__(self, table: str, column: str, found: str, rule: str) -> None:
        super().__init__(f"{table}: column {column} is {found}, but its contract says {rule}")
        self.table = table
        self.column = column
        self.found = found
        self.rule = rule

    def __reduce__(self) -> tuple[type["ContractViolation"], tuple[str, str, str, str]]:
        return ContractViolation, (self.table, self.column, self.found, self.rule)


class DataFile(BaseModel):
    """One written file.

    Attributes:
        table: full name of its table.
        path: below the table's folder, as the Delta log names it.
        partition: value of each partition column as text.
        size: bytes.
        rows: how many.
        stats: Delta's statistics, as JSON.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    path: str
    partition: dict[str, str]
    size: int
    rows: int
    stats: str


@dataclass(frozen=True)
class Target:
    """What a writer must know of a table; small, because it travels to the executors."""

    table: str
    prefix: str
    schema: pa.Schema
    partition_by: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract) -> "Target":
        """The contract's table."""
        return cls(contract.full_name, contract.prefix, arrow_schema(contract), tuple(contract.partition_by))


def conforming(rows: pa.Table, target: Target) -> pa.Table:
    """The rows with exactly the table's Arrow schema.

    Raises:
        ContractViolation: names, order or types differ, or a required column holds a null.
    """
    wanted = target.schema
    if rows.column_names != wanted.names:
        raise ContractViolation(target.table, "*", ", ".join(rows.column_names), ", ".join(wanted.names))
    for one, found in zip(wanted, rows.schema, strict=True):
        if found.type != one.type:
            raise ContractViolation(target.table, one.name, str(found.type), str(one.type))
        nulls = rows.column(one.name).null_count
        if nulls and not one.nullable:
            raise ContractViolation(target.table, one.name, f"null in {nulls} rows", "it is required")
    return pa.table(rows.columns, schema=wanted)


@dataclass
class FileWriter:
    """Writes rows of one table, a file per partition and `FILE_BYTES`.

    Rows come in small batches and are gathered into row groups of up to `GROUP_ROWS`. However many partitions are open
    and however long the rows are, the writer holds no more than `HELD_BYTES` of them besides those of the last call.

    Attributes:
        target: the table.
        store: its bucket.
    """

    target: Target
    store: ObjectStore
    _open: "OrderedDict[tuple[str, ...], _OpenFile]" = field(default_factory=OrderedDict)
    _done: list[DataFile] = field(default_factory=list)

    def write(self, rows: pa.Table) -> None:
        """Writes rows with exactly the table's columns, in any order of partitions.

        Raises:
            ContractViolation: names, order or types differ, or a required column holds a null.
        """
        checked = conforming(rows, self.target)
        for values, part in _by_partition(checked, self.target.partition_by):
            file = self._file(values, part)
            file.write(part)
            # The fullest file holds at least what was just added, so the sum is below the limit again.
            if sum(one.held_bytes for one in self._open.values()) > HELD_BYTES:
                max(self._open.values(), key=lambda one: one.held_bytes).flush()
            if file.bytes_written >= FILE_BYTES:
                self._finish(values)

    def close(self) -> list[DataFile]:
        """Finishes all files; returns them, those with rows only."""
        for values in list(self._open):
            self._finish(values)
        return self._done

    def _file(self, values: tuple[str, ...], first_rows: pa.Table) -> "_OpenFile":
        if values not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._finish(next(iter(self._open)))
            self._open[values] = _OpenFile(self.target, self.store, values, first_rows)
        self._open.move_to_end(values)
        return self._open[values]

    def _finish(self, values: tuple[str, ...]) -> None:
        self._done.append(self._open.pop(values).close())


class _OpenFile:
    """A Parquet file under way."""

    def __init__(self, target: Target, store: ObjectStore, values: tuple[str, ...], first_rows: pa.Table) -> None:
        self._target = target
        self._partition = dict(zip(target.partition_by, values, strict=True))
        folder = "".join(f"{name}={value}/" for name, value in self._partition.items())
        self._path = f"{folder}{uuid.uuid4()}.zstd.parquet"
        self._names = [name for name in target.schema.names if name not in self._partition]
        self._sink = store.filesystem().open_output_stream(f"{store.bucket}/{target.prefix}/{self._path}")
        self._metadata: list[pq.FileMetaData] = []
        self._held: list[pa.Table] = []
        self.held_bytes = 0
        self._writer = pq.ParquetWriter(
            self._sink,
            pa.schema([target.schema.field(name) for name in self._names]),
            compression="zstd",
            compression_level=1,
            use_dictionary=_repeating(first_rows.select(self._names)),
            store_schema=False,
            store_decimal_as_integer=True,
            metadata_collector=self._metadata,
        )

    @property
    def bytes_written(self) -> int:
        """Bytes of the finished row groups."""
        return int(self._sink.tell())

    def write(self, rows: pa.Table) -> None:
        """Adds rows; they are held until `flush`, or until a row group is full."""
        if sum(one.num_rows for one in self._held) + rows.num_rows > GROUP_ROWS:
            self.flush()
        own = rows.select(self._names)
        self._held.append(own)
        self.held_bytes += own.nbytes

    def flush(self) -> None:
        """Makes a row group of the rows that are held."""
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held), row_group_size=GROUP_ROWS)
        self._held, self.held_bytes = [], 0

    def close(self) -> DataFile:
        """Finishes the file."""
        self.flush()
        self._writer.close()
        size = int(self._sink.tell())
        self._sink.close()
        found = self._metadata[0]
        return DataFile(
            table=self._target.table,
            path=self._path,
            partition=self._partition,
            size=size,
            rows=found.num_rows,
            stats=statistics(found, self._target.schema),
        )


def _by_partition(rows: pa.Table, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], pa.Table]]:
    """The rows of each combination of the partition columns' values."""
    if not rows.num_rows:
        return
    if not names:
        yield (), rows
        return
    found = rows.select(names).group_by(list(names)).aggregate([]).to_pylist()
    for row in found:
        mine = rows
        if len(found) > 1:
            for name in names:
                mine = mine.filter(pc.equal(mine[name], pa.scalar(row[name], mine[name].type)))
        yield tuple(_text(row[name]) for name in names), mine


def _text(value: Any) -> str:  # noqa: ANN401 - a date, an integer or a text
    text = str(value)
    if not _PLAIN_VALUE.fullmatch(text):
        raise ValueError(f"{text!r} can't name a partition: only letters, digits and _ . : - can")
    return text


def _repeating(rows: pa.Table) -> list[str]:
    """The columns whose values repeat: for the others a dictionary is built to be thrown away."""
    limit = max(1, math.ceil(rows.num_rows * _MOST_DISTINCT))
    return [
        name
        for name in rows.column_names
        if not pa.types.is_nested(rows.schema.field(name).type) and pc.count_distinct(rows[name]).as_py() <= limit
    ]


def write_rows(rows: pa.Table, contract: Contract, config: Settings | None = None) -> list[DataFile]:
    """Writes rows that this process holds, for a table whose size its contract bounds.

    Raises:
        ContractViolation: names, order or types differ, or a required column holds a null.
    """
    writer = FileWriter(Target.of(contract), object_store(config or settings()))
    writer.write(rows)
    return writer.close()


def described(files: Iterable[DataFile], observed: str | None = None) -> pa.RecordBatch:
    """The files as rows for Spark: JSON in the column `arquivo`; beside them a row with what was `observed`."""
    texts: list[str | None] = [one.model_dump_json() for one in files]
    seen: list[str | None] = [None] * len(texts)
    if observed is not None:
        texts, seen = [*texts, None], [*seen, observed]
    return pa.RecordBatch.from_pydict({"arquivo": pa.array(texts, pa.string()), "visto": pa.array(seen, pa.string())})


def parsed(texts: Iterable[str]) -> list[DataFile]:
    """The files that `described` wrote down."""
    return [DataFile.model_validate_json(text) for text in texts]


def nullable(schema: pa.Schema) -> pa.Schema:
    """The same types without NOT NULL, which is checked where it can be explained."""
    return pa.schema([one.with_nullable(True) for one in schema])

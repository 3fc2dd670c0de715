"""What the inbox's files add up to. Executors read the files; the caller gets a sum per file and currency."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.inbox.files import FOLDER, SHOP, listed, origins
from acude.lake.object_store import ObjectStore, object_store
from acude.reconciliation.report import Key, SetRow, Sums
from acude.reconciliation.source_files import is_the_files, longest_texts, sold_lines
from acude.settings import Settings

_EXAMPLES: Final = 3
_BATCH: Final = 20_000
"""Lines that an executor holds at a time."""

_SENT: Final = "arquivo int, key string, day date"
_LINES: Final = pa.schema(
    [
        ("arquivo", pa.int32()),
        ("linha", pa.binary()),
        ("moeda", pa.string()),
        ("receita", pa.decimal128(28, 4)),
        ("ilegivel", pa.bool_()),
    ]
)
_SPARK_LINES: Final = "arquivo int, linha binary, moeda string, receita decimal(28,4), ilegivel boolean"
_CENTS: Final = Decimal("0.0001")


@dataclass
class Inbox:
    """What the files of some days say.

    Attributes:
        every: sums of all origins, flow `vendas`.
        shop: sums of the shop's own export alone, flow `loja`.
        files: how many there are.
        unreadable: keys of those that can't be read; they add nothing to the sums.
    """

    every: Sums = field(default_factory=dict)
    shop: Sums = field(default_factory=dict)
    files: int = 0
    unreadable: list[str] = field(default_factory=list)

    def rules(self) -> list[SetRow]:
        """The files that can't be read, where there are any."""
        if not self.unreadable:
            return []
        rule, some = "Every file of the inbox can be read", tuple(self.unreadable[:_EXAMPLES])
        step = "send the day again, or look in silver.quarentena_arquivos for what the batch says of it"
        return [SetRow(rule, self.files, len(self.unreadable), some, "the day in the file's name", step)]


@dataclass(frozen=True)
class _File:
    key: str
    origin: str
    day: date


def inbox_sums(spark: SparkSession, config: Settings, first: date, last: date) -> Inbox:
    """Revenue of the files of those days.

    Args:
        spark: a session; its executors read the files.
        config: where the inbox is.
        first: first UTC day.
        last: last UTC day, included.
    """
    files = _files(config, first, last)
    found = Inbox(files=len(files))
    if not files:
        return found
    sums = sums_per_file(_lines(spark, files, object_store(config, config.inbox_bucket))).toArrow().to_pylist()
    unreadable = {row["arquivo"] for row in sums if row["ilegivel"]}
    found.unreadable = [file.key for number, file in enumerate(files) if number in unreadable]
    for row in sums:
        if row["arquivo"] not in unreadable:
            file = files[row["arquivo"]]
            _add(found.every, Key("vendas", file.day, row["moeda"]), row["receita"])
            if file.origin == SHOP:
                _add(found.shop, Key("loja", file.day, row["moeda"]), row["receita"])
    return found


def sums_per_file(lines: DataFrame) -> DataFrame:
    """A row per file and currency, and one more per file that can't be read.

    Args:
        lines: `arquivo`, `linha` (a hash), `moeda`, `receita`, `ilegivel`; a line that is repeated in its file counts
            once.

    Returns:
        `arquivo`, `moeda`, `ilegivel`, `receita`.
    """
    total = f.sum("receita").cast("decimal(38,4)").alias("receita")
    return lines.distinct().groupBy("arquivo", "moeda", "ilegivel").agg(total)


def _files(config: Settings, first: date, last: date) -> list[_File]:
    return [
        _File(key, origin, date.fromisoformat(key.removeprefix(prefix)[:10]))
        for origin in origins(config)
        for prefix in (f"{FOLDER}{origin}/",)
        for key in listed(prefix, first, last, config)
    ]


def _lines(spark: SparkSession, files: list[_File], store: ObjectStore) -> DataFrame:
    rows = [(number, file.key, file.day) for number, file in enumerate(files)]
    sent = spark.createDataFrame(rows, _SENT).repartition(len(files))
    return sent.mapInArrow(_reader(store, longest_texts()), _SPARK_LINES)


def _reader(store: ObjectStore, longest: dict[str, int]) -> Any:  # noqa: ANN401 - what mapInArrow takes
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _read(store, row["arquivo"], row["key"], row["day"], longest)

    return run


def _read(store: ObjectStore, number: int, key: str, day: date, longest: dict[str, int]) -> Iterator[pa.RecordBatch]:
    """A file's lines, and a row more where it can't be read to its end."""
    lines = sold_lines(store.filesystem(), f"{store.bucket}/{key}", day, longest)
    try:
        while some := list(islice(lines, _BATCH)):
            hashes, currencies, sums = zip(*some, strict=True)
            revenue = [value.quantize(_CENTS) for value in sums]
            yield _batch(number, hashes, currencies, revenue, [False] * len(some))
    except Exception as problem:
        if not is_the_files(problem):
            raise
        yield _batch(number, [None], [None], [None], [True])


def _batch(number: int, *columns: Iterable[Any]) -> pa.RecordBatch:
    values = [list(column) for column in columns]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, one.type) for column, one in zip([[number] * len(values[0]), *values], _LINES, strict=True)],
        schema=_LINES,
    )


def _add(sums: Sums, key: Key, value: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + value

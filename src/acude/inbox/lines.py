"""The lines of a day's files as a Spark frame: executors read the files, so no process holds them all."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.documents import Tokens, tokens_of
from acude.contracts.searched import searched
from acude.inbox.errors import InboxError
from acude.inbox.files import InboxFile
from acude.inbox.fingerprint import Fingerprint
from acude.inbox.layout import LINES, TEXTS
from acude.inbox.limits import LARGEST_LINES, too_many_lines
from acude.inbox.pieces import Piece, divided, slow_files
from acude.inbox.read_alone import deadly_file, is_crash
from acude.inbox.reading import PieceLines
from acude.lake.object_store import ObjectStore, object_store
from acude.masking import MASK
from acude.settings import Settings, settings

_COLUMNS = LINES.append(pa.field("origem", pa.string())).append(pa.field("arquivo", pa.string()))
_READ = _COLUMNS.append(pa.field("piece", pa.int64())).append(pa.field("resumo", pa.string()))
_BATCH = 65_536
_SPARK_TYPES = {pa.int64(): "bigint", pa.string(): "string"}


class _Undividable(Exception):  # noqa: N818 - no error: its file is read by one task then
    """Files whose ranges don't begin and end between two lines; or they have a fault, which one reader must place."""

    def __init__(self, keys: set[str]) -> None:
        super().__init__(keys)
        self.keys = keys


class _Found(NamedTuple):
    """What is known once all files are read: how many lines, and how many stand before each piece's first."""

    rows: int
    before: list[int]


class Lines(NamedTuple):
    """A day's lines.

    Attributes:
        frame: `LINES` with `origem` and `arquivo`. Texts have tokens in the place of CPF and CNPJ, and `MASK` in that
            of a card number.
        number: how many.
        warnings: what the operator should know of the files.
    """

    frame: DataFrame
    number: int
    warnings: list[str]


@contextmanager
def lines_of(spark: SparkSession, files: list[InboxFile], config: Settings | None = None) -> Iterator[Lines]:
    """All lines as text; read once, and kept by the executors as long as the block runs.

    Args:
        spark: a session.
        files: of a day, as they were listed.
        config: where the inbox is; the process's settings unless given.

    Raises:
        InboxError: a file can't be read from beginning to end, changed since it was listed, or repeats another's
            content.
    """
    if not files:
        yield Lines(spark.createDataFrame([], _spark_schema()).drop("piece", "resumo"), 0, [])
        return
    config = config or settings()
    read, found = _read_all(spark, files, config)
    try:
        frame = _numbered(read.where("resumo is null").drop("resumo"), found.before)
        yield Lines(frame, found.rows, slow_files(files))
    finally:
        read.unpersist()


def _read_all(
    spark: SparkSession, files: list[InboxFile], config: Settings, whole: Collection[str] = ()
) -> tuple[DataFrame, _Found]:
    """The lines of all pieces, kept by the executors, and what was found of them."""
    store, pieces = object_store(config, config.inbox_bucket), divided(files, whole)
    rows = [(number, *astuple(piece)) for number, piece in enumerate(pieces)]
    names = "number int, key string, origin string, format string, etag string, begin bigint, `end` bigint"
    listed = spark.createDataFrame(rows, names)
    read = listed.repartition(len(pieces)).mapInArrow(_reader(store, tokens_of(config)), _spark_schema()).persist()
    try:
        return read, _checked(read, pieces)
    except _Undividable as found:
        read.unpersist()
        return _read_all(spark, files, config, {*whole, *found.keys})
    except BaseException as problem:
        read.unpersist()
        if is_crash(problem) and (refusal := deadly_file(store, files)):
            raise refusal from problem
        raise


def _spark_schema() -> str:
    return ", ".join(f"`{field.name}` {_SPARK_TYPES[field.type]}" for field in _READ)


def _numbered(lines: DataFrame, before: list[int]) -> DataFrame:
    """The lines with their numbers in their files."""
    if any(before):
        lines = lines.withColumn("linha", f.col("linha") + f.get(f.array(*map(f.lit, before)), f.col("piece")))
    return lines.drop("piece")


def _reader(store: ObjectStore, tokens: Tokens) -> Any:  # noqa: ANN401 - what mapInArrow takes
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _read_one(store, row.pop("number"), Piece(**row), tokens)

    return run


def _read_one(store: ObjectStore, number: int, piece: Piece, tokens: Tokens) -> Iterator[pa.RecordBatch]:
    """A piece's lines, and a row whose `resumo` says how many and of which content, or what is wrong."""
    seen, reading = Fingerprint(), PieceLines(store, piece)
    try:
        for lines in reading.tables():
            seen.add(lines)
            yield from _batches(without_numbers(lines, tokens), piece, number)
    except InboxError as problem:
        yield _summary(number, {"error": [problem.line, problem.column, problem.expected, problem.found]})
        return
    yield _summary(number, {"rows": seen.rows, "content": seen.value, "lines": reading.lines})


def _batches(lines: pa.Table, piece: Piece, number: int) -> Iterator[pa.RecordBatch]:
    more = (("origem", piece.origin), ("arquivo", piece.key), ("piece", number), ("resumo", None))
    for name, value in more:
        kind = _READ.field(name).type
        lines = lines.append_column(name, pa.repeat(pa.scalar(value, kind), lines.num_rows))
    # Spark takes a batch as one message, which has to be smaller than 2 GiB.
    yield from lines.to_batches(_BATCH)


def without_numbers(lines: pa.Table, tokens: Tokens) -> pa.Table:
    """Lines with tokens in the place of CPF and CNPJ, and `MASK` in that of a card number."""
    lines = lines.combine_chunks()
    for name in TEXTS:
        column = lines[name].combine_chunks()
        found, cards = searched(column, tokens.of)
        if name == "id_pedido":
            found = _still_returned(column, found)
        mask = np.zeros(len(column), np.bool_)
        mask[cards] = True
        found = pc.if_else(pa.array(mask), MASK, found)
        lines = lines.set_column(lines.schema.names.index(name), name, found)
    return lines


def _still_returned(orders: pa.StringArray, found: pa.StringArray) -> pa.StringArray:
    """Orders with a C before the token of a return: of 14 letters and digits one in a hundred is a CNPJ by chance."""
    lost = pc.and_not(pc.starts_with(orders, "C"), pc.starts_with(found, "C")).fill_null(fill_value=False)
    return pc.if_else(lost, pc.binary_join_element_wise("C", found, ""), found)


def _summary(number: int, found: dict[str, Any]) -> pa.RecordBatch:
    row = dict.fromkeys(_READ.names) | {"resumo": json.dumps({"number": number, **found})}
    return pa.RecordBatch.from_pylist([row], _READ)


def _checked(read: DataFrame, pieces: list[Piece]) -> _Found:
    """Looks at what was found, where each file is whole and no two are the same."""
    texts = read.where(f.col("resumo").isNotNull()).select("resumo").toArrow()["resumo"].to_pylist()
    found = {one["number"]: one for one in map(json.loads, texts)}
    # All of them before any other fault is told: one more read of the day is enough.
    if keys := {pieces[at].key for at, one in found.items() if "error" in one and not pieces[at].whole}:
        raise _Undividable(keys)
    seen: dict[tuple[int, int], str] = {}
    before, rows = [], 0
    for key, numbers in groupby(range(len(pieces)), lambda number: pieces[number].key):
        content, lines = Fingerprint(), 0
        for number in numbers:
            one = found[number]
            if "error" in one:
                raise InboxError(key, *one["error"])
            before.append(lines)
            lines += one["lines"]
            content.append(Fingerprint(one["rows"], one["content"]))
        if content.rows > LARGEST_LINES:
            raise too_many_lines(key)
        _refuse_repeated(key, content, seen)
        rows += content.rows
    return _Found(rows, before)


def _refuse_repeated(key: str, content: Fingerprint, seen: dict[tuple[int, int], str]) -> None:
    first = seen.setdefault((content.rows, content.value), key)
    if first != key:
        expected = "sales that no other file of the day holds"
        raise InboxError(key, None, None, expected, f"the content of {first}")

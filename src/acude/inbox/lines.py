"""The lines of a day's files as a Spark frame: executors read the files, so no process holds them all."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.documents import Tokens, tokens_of
from acude.contracts.searched import searched
from acude.inbox.errors import InboxError
from acude.inbox.files import InboxFile, changed
from acude.inbox.limits import LARGEST_BYTES, too_many_bytes
from acude.inbox.read_csv import FIELDS, LINES, TEXTS, read_csv
from acude.inbox.read_parquet import read_parquet
from acude.lake.object_store import ObjectStore, object_store
from acude.masking import MASK
from acude.settings import Settings, settings

_COLUMNS = LINES.append(pa.field("origem", pa.string())).append(pa.field("arquivo", pa.string()))
_READ = _COLUMNS.append(pa.field("resumo", pa.string()))
_BATCH = 65_536
_SPARK_TYPES = {pa.int64(): "bigint", pa.string(): "string"}


@contextmanager
def lines_of(
    spark: SparkSession, files: list[InboxFile], config: Settings | None = None
) -> Iterator[tuple[DataFrame, int]]:
    """All lines as text, and how many; read once, and kept by the executors as long as the block runs.

    Args:
        spark: a session.
        files: of a day, as they were listed.
        config: where the inbox is; the process's settings unless given.

    Yields:
        `LINES` with `origem` and `arquivo`. Texts have tokens in the place of CPF and CNPJ, and `MASK` in that of a
        card number.

    Raises:
        InboxError: a file can't be read from beginning to end, changed since it was listed, or repeats another's
            content.
    """
    schema = ", ".join(f"`{field.name}` {_SPARK_TYPES[field.type]}" for field in _READ)
    if not files:
        yield spark.createDataFrame([], schema).drop("resumo"), 0
        return
    config = config or settings()
    listed = spark.createDataFrame(
        [tuple(vars(file).values()) for file in files], "key string, origin string, format string, etag string"
    )
    store = object_store(config, config.inbox_bucket)
    read = listed.repartition(len(files)).mapInArrow(_reader(store, tokens_of(config)), schema).persist()
    try:
        yield read.where("resumo is null").drop("resumo"), _checked(read, files)
    finally:
        read.unpersist()


def _reader(store: ObjectStore, tokens: Tokens) -> Any:  # noqa: ANN401 - what mapInArrow takes
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _read_one(store, InboxFile(**row), tokens)

    return run


def _read_one(store: ObjectStore, file: InboxFile, tokens: Tokens) -> Iterator[pa.RecordBatch]:
    """A file's lines, and a row whose `resumo` says how many and of which content, or what is wrong."""
    try:
        lines = _lines(store, file)
    except InboxError as problem:
        yield _summary(file, {"error": [problem.line, problem.column, problem.expected, problem.found]})
        return
    yield _summary(file, {"rows": lines.num_rows, "content": _fingerprint(lines)})
    lines = without_numbers(lines, tokens)
    for name, value in (("origem", file.origin), ("arquivo", file.key), ("resumo", None)):
        lines = lines.append_column(name, pa.repeat(pa.scalar(value, pa.string()), lines.num_rows))
    # Spark takes a batch as one message, which has to be smaller than 2 GiB.
    yield from lines.to_batches(_BATCH)


def without_numbers(lines: pa.Table, tokens: Tokens) -> pa.Table:
    """Lines with tokens in the place of CPF and CNPJ, and `MASK` in that of a card number."""
    lines = lines.combine_chunks()
    for name in TEXTS:
        column = lines[name].combine_chunks()
        found, cards = searched(column, tokens.of)
        mask = np.zeros(len(column), np.bool_)
        mask[cards] = True
        found = pc.if_else(pa.array(mask), MASK, found)
        lines = lines.set_column(lines.schema.names.index(name), name, found)
    return lines


def _lines(store: ObjectStore, file: InboxFile) -> pa.Table:
    """The lines of the version that was listed."""
    try:
        with store.filesystem().open_input_file(f"{store.bucket}/{file.key}") as opened:
            found = opened.metadata()
            if opened.size() > LARGEST_BYTES:
                raise too_many_bytes(file.key)
            content = opened.read()
    except FileNotFoundError as problem:
        raise changed(file.key) from problem
    if found["ETag"].decode().strip('"') != file.etag.strip('"'):
        raise changed(file.key)
    return read_parquet(content, file.key) if file.format == "parquet" else read_csv(content, file.key)


def _summary(file: InboxFile, found: dict[str, Any]) -> pa.RecordBatch:
    row = dict.fromkeys(_READ.names) | {"resumo": json.dumps({"file": file.key, **found})}
    return pa.RecordBatch.from_pylist([row], _READ)


def _fingerprint(lines: pa.Table) -> str:
    """Hash of the lines' text without where they came from: tells the same sales under two names."""
    digest = sha256()
    for batch in lines.select(["leiaute", *FIELDS]).combine_chunks().to_batches():
        with pa.BufferOutputStream() as sink:
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            digest.update(sink.getvalue())
    return digest.hexdigest()


def _checked(read: DataFrame, files: list[InboxFile]) -> int:
    """The number of lines, where each file is whole and no two are the same."""
    texts = read.where(f.col("resumo").isNotNull()).select("resumo").toArrow()["resumo"].to_pylist()
    found = {one["file"]: one for one in map(json.loads, texts)}
    seen: dict[str, str] = {}
    for file in files:
        one = found[file.key]
        if "error" in one:
            raise InboxError(file.key, *one["error"])
        if one["content"] in seen:
            expected = "sales that no other file of the day holds"
            raise InboxError(file.key, None, None, expected, f"the content of {seen[one['content']]}")
        seen[one["content"]] = file.key
    return sum(int(one["rows"]) for one in found.values())

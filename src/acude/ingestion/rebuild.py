"""Silver, quarantine and duplicates made again from bronze, by the stream's own functions.

The stream decides which arrival of an event is the first as batches come in; bronze remembers the batches in
`ingerido_em`, which rises from batch to batch. So repeats are looked for batch by batch, in that order, some batches
at a time: the driver holds a narrow row of each of their records. The files are written beside the table's own, where
no version names them; a list of them is kept, and `take_over` makes exactly those visible.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.aws import s3
from acude.contracts.model import Contract, load, topics
from acude.ingestion.checkpoint import Checkpoint
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import day_number, find_duplicates
from acude.ingestion.landing import BRONZE, DUPLICATES, QUARANTINE, Landing
from acude.ingestion.saved_ids import distrust, runs_at
from acude.lake.commit import Writer, replace_partitions
from acude.lake.data_files import DataFile
from acude.lake.delta import table_path
from acude.lake.ensure_table import ensure_table
from acude.lake.file_frames import frame_of_files
from acude.settings import settings

_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
_FULL_BATCHES = 10
"""As many of the stream's largest batches are refined at once: 64 bytes a record in the driver, and a sorted copy."""

Files = dict[str, list[DataFile]]
_FILES = TypeAdapter(Files)


class Part(NamedTuple):
    """Micro-batches that follow each other.

    Attributes:
        first: the first one's `ingerido_em`.
        last: the last one's.
        records: how many they brought.
    """

    first: datetime
    last: datetime
    records: int


def rebuilt_tables() -> list[Contract]:
    """The tables that come from bronze alone."""
    contracts = load()
    return [contracts[f"silver.{topic.name}"] for topic in topics()] + [contracts[QUARANTINE], contracts[DUPLICATES]]


def rebuild(spark: SparkSession, prefix: str) -> Iterator[Part]:
    """Writes the files of `rebuilt_tables`, some micro-batches at a time, and a list of them.

    Args:
        spark: a session; bronze is only read.
        prefix: where the list is kept in the lake's bucket.

    Yields:
        Each part of bronze, when its files are written.
    """
    bronze = spark.read.format("delta").load(table_path(load()[BRONZE]))
    folder = runs_at(f"{prefix.strip('/')}/ids", settings())
    index = DedupIndex(folder, settings().dedup_memory)
    files: Files = {contract.full_name: [] for contract in rebuilt_tables()}
    try:
        yield from _refined(bronze, index, files)
    finally:
        folder.delete(folder.names())
    s3().put_object(Bucket=settings().lake_bucket, Key=_list_key(prefix), Body=_FILES.dump_json(files))


def _refined(bronze: DataFrame, index: DedupIndex, files: Files) -> Iterator[Part]:
    """Refines one part of bronze after the other, and adds what it wrote to `files`."""
    batches = bronze.groupBy("ingerido_em").agg(f.count("*").alias("registros")).orderBy("ingerido_em").toArrow()
    for part in parts(batches, _FULL_BATCHES * settings().ingest_batch):
        arrived = f.col("ingerido_em").between(f.lit(part.first), f.lit(part.last))
        with Landing(bronze.where(arrived), settings(), settings().spark_partitions, bronze=False) as landing:
            for table, found in landing.refine(_repeats(landing.keys, index)).items():
                files[table] += found
        yield part


def parts(batches: pa.Table, most: int) -> Iterator[Part]:
    """Cuts bronze between micro-batches; a batch that has more records than `most` is a part of its own.

    Args:
        batches: `ingerido_em` of each, rising, and `registros`, its number of records.
        most: the most records of a part.
    """
    stamps, begin, held = batches["ingerido_em"], 0, 0
    for at, records in enumerate(batches["registros"].to_numpy().tolist()):
        if held and held + records > most:
            yield Part(stamps[begin].as_py(), stamps[at - 1].as_py(), held)
            begin, held = at, 0
        held += records
    if held:
        yield Part(stamps[begin].as_py(), stamps[-1].as_py(), held)


def differences(spark: SparkSession, prefix: str) -> dict[str, tuple[int, int]]:
    """How the rebuilt tables differ from those that the stream wrote, all columns of all rows.

    What the stream has landed since the rebuilding began is left out.

    Returns:
        By table: rows that only the stream's has, rows that only the rebuilt one has.
    """
    files = _listed(prefix)
    rebuilt = {c.full_name: frame_of_files(spark, c, files[c.full_name]) for c in rebuilt_tables()}
    stamps = [rows.agg(f.max("ingerido_em")).collect()[0][0] for rows in rebuilt.values()]
    newest = max((stamp for stamp in stamps if stamp), default=_END_OF_TIME)
    found = {}
    for contract in rebuilt_tables():
        streamed = spark.read.format("delta").load(table_path(contract)).where(f.col("ingerido_em") <= f.lit(newest))
        one, other = streamed.select(*contract.column_names), rebuilt[contract.full_name].select(*contract.column_names)
        found[contract.full_name] = (one.exceptAll(other).count(), other.exceptAll(one).count())
    return found


def take_over(writer: Writer, prefix: str) -> None:
    """Puts the rebuilt tables in place of the stream's: one commit per table, which streams that read them skip.

    The micro-batch that bronze has last is then done in all of them. It may have been cut off behind bronze, and would
    be refined once more. What is saved of the known ids is of the former tables.

    Args:
        writer: the streams' lease, which the caller holds; no query runs.
        prefix: where the list of the files is kept.
    """
    files, life = _listed(prefix), Checkpoint(settings()).life
    distrust(settings())
    last = ensure_table(load()[BRONZE]).transaction_version(life.application(BRONZE)) if life else None
    for contract in rebuilt_tables():
        done = (life.application(contract.full_name), last) if life and last is not None else None
        metadata = {"userMetadata": f"rebuilt from {BRONZE}: {prefix}"}
        replace_partitions(ensure_table(contract), writer, files[contract.full_name], [{}], metadata, done=done)


def _list_key(prefix: str) -> str:
    return f"{prefix.strip('/')}/arquivos.json"


def _listed(prefix: str) -> Files:
    answer = s3().get_object(Bucket=settings().lake_bucket, Key=_list_key(prefix))
    return _FILES.validate_json(answer["Body"].read())


def _repeats(keys: pa.Table, index: DedupIndex) -> pa.Table:
    """The repeats among a part's records, looked for batch by batch, as the stream did."""
    rows = keys.sort_by("ingerido_em").combine_chunks()
    stamps = rows["ingerido_em"].cast(pa.int64()).to_numpy()
    starts = np.flatnonzero(np.diff(stamps, prepend=-1))
    ends = np.append(starts, len(stamps))[1:]
    found = []
    for at, end in zip(starts, ends, strict=True):
        landed = rows["ingerido_em"][at].as_py()
        index.settle(day_number(landed))
        found.append(find_duplicates(rows.slice(at, end - at), index, topics(), landed))
    return pa.concat_tables(found)

"""The two passes of a micro-batch over the executors, and the files that they leave.

The first pass decodes each record, writes bronze's files, and persists the accepted rows as Arrow buffers. It returns
a narrow row per record to the driver, which finds the repeats. The second pass writes the files of silver, duplicates
and quarantine. None of these files is visible before a commit.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from acude.contracts.decoder import Decoder
from acude.contracts.documents import tokens_of
from acude.contracts.model import Contract, load, topics
from acude.ingestion.refine import (
    FLAGS,
    KEYS,
    RAW_COLUMNS,
    bronze_rows,
    decoded,
    kept,
    quarantine_rows,
    with_named_headers,
)
from acude.lake.data_files import DataFile, FileWriter, Target, described, parsed
from acude.lake.file_frames import files_of
from acude.lake.object_store import object_store
from acude.settings import Settings

BRONZE, QUARANTINE, DUPLICATES = "bronze.eventos", "silver.quarentena", "silver.duplicatas"

_PASSED = "contrato string, linhas binary, chaves binary, arquivo string"
_PASSED_ARROW = pa.schema(
    [("contrato", pa.string()), ("linhas", pa.binary()), ("chaves", pa.binary()), ("arquivo", pa.string())]
)


class Landing(AbstractContextManager["Landing"]):
    """One micro-batch on its way.

    Args:
        records: `RAW_COLUMNS` of bronze.
        config: where the lake is.
        tasks: in how many tasks; each leaves a file per table and day.
        bronze: whether bronze's files are written, too; not where the records come from bronze.
    """

    def __init__(self, records: DataFrame, config: Settings, tasks: int, *, bronze: bool = True) -> None:
        self._config = config
        self._contracts = load()
        self._spark = records.sparkSession
        first = records.select(*RAW_COLUMNS).coalesce(tasks).mapInArrow(self._first_pass(bronze=bronze), _PASSED)
        self._passed = first.persist()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        # At once: two batches don't fit into the heap beside each other.
        self._passed.unpersist(blocking=True)

    @cached_property
    def _answers(self) -> pa.Table:
        return self._passed.select("chaves", "arquivo").where("chaves is not null or arquivo is not null").toArrow()

    @cached_property
    def keys(self) -> pa.Table:
        """Rows of `KEYS`, one per record, in no order."""
        buffers = self._answers["chaves"].drop_null()
        parts = [pa.ipc.open_stream(one.as_buffer()).read_all() for one in buffers]
        return pa.concat_tables([KEYS.empty_table(), *parts])

    @cached_property
    def first_files(self) -> dict[str, list[DataFile]]:
        """Files of bronze, and of quarantine with the records that fit no contract, by table."""
        return by_table(parsed(self._answers["arquivo"].drop_null().to_pylist()))

    def refine(self, flags: pa.Table) -> dict[str, list[DataFile]]:
        """Writes the files of silver, duplicates and quarantine.

        Args:
            flags: the repeats, rows of `FLAGS`.

        Returns:
            Files by table, those of the first pass for quarantine among them.
        """
        rows = self._passed.select("contrato", "linhas").where("linhas is not null")
        files = files_of(rows.mapInArrow(self._second_pass(flags), "arquivo string, visto string"))
        return by_table([*files, *self.first_files.get(QUARANTINE, ())])

    def _first_pass(self, *, bronze: bool) -> Any:  # noqa: ANN401 - what mapInArrow takes
        store, tokens, known = object_store(self._config), tokens_of(self._config), topics()
        raw, refused = self._contracts[BRONZE], self._contracts[QUARANTINE]

        def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            decoders = [Decoder(topic, tokens) for topic in known]
            landed, quarantined = FileWriter(Target.of(raw), store), FileWriter(Target.of(refused), store)
            for batch in batches:
                if not batch.num_rows:
                    continue
                records = with_named_headers(batch, raw)
                if bronze:
                    landed.write(bronze_rows(records, raw))
                for part in decoded(records, decoders):
                    if part.refused.num_rows:
                        quarantined.write(quarantine_rows(part.refused, refused))
                    name = part.contract.name if part.contract else None
                    rows = _buffer(part.accepted, "lz4") if part.accepted.num_rows else None
                    yield _passed(name, rows, _buffer(part.keys))
            for text in described([*landed.close(), *quarantined.close()])["arquivo"].to_pylist():
                yield _passed(None, None, None, text)

        return run

    def _second_pass(self, flags: pa.Table) -> Any:  # noqa: ANN401 - what mapInArrow takes
        store, contracts = object_store(self._config), self._contracts
        shared = self._spark.sparkContext.broadcast(_buffer(flags))
        by_name = {topic.name: topic for topic in topics()}

        def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            repeats = pa.ipc.open_stream(shared.value).read_all().cast(FLAGS)
            writers: dict[str, FileWriter] = {}

            def write(table: Contract, rows: pa.Table) -> None:
                if rows.num_rows:
                    writers.setdefault(table.full_name, FileWriter(Target.of(table), store)).write(rows)

            for batch in batches:
                for name, buffer in zip(batch["contrato"].to_pylist(), batch["linhas"], strict=True):
                    accepted = pa.ipc.open_stream(buffer.as_buffer()).read_all()
                    found = kept(accepted, by_name[name], repeats, contracts)
                    write(contracts[f"silver.{name}"], found.silver)
                    write(contracts[DUPLICATES], found.duplicates)
                    write(contracts[QUARANTINE], found.contradictory)
            yield described([file for writer in writers.values() for file in writer.close()])

        return run


def by_table(files: Iterable[DataFile]) -> dict[str, list[DataFile]]:
    """The files of each table."""
    found: dict[str, list[DataFile]] = {}
    for file in files:
        found.setdefault(file.table, []).append(file)
    return found


def _passed(contract: str | None, rows: bytes | None, keys: bytes | None, file: str | None = None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [{"contrato": contract, "linhas": rows, "chaves": keys, "arquivo": file}], _PASSED_ARROW
    )


def _buffer(rows: pa.Table, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as out:
        out.write_table(rows)
    return bytes(sink.getvalue())

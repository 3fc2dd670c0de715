"""The ledger: what the simulator sent, and what was answered. See docs/simulator.md.

A run is a folder `var/ledger/<run>/`. Before a slice of sends is made, its rows are appended to the open chunk's
journal (an Arrow stream); when a chunk is full and all its sends have an answer or none will come, it becomes a Parquet
file by a rename, and its journal goes. So a kill -9 at any moment leaves either the chunk or the journal, and the
journal's rows are the known sends without a known answer.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CONFIRMED = "confirmado"
UNANSWERED = "sem_resposta"
EXISTED = "ja_existia"

_INTENT = (
    pa.field("corrida", pa.string(), nullable=False),
    pa.field("id_envio", pa.string(), nullable=False),
    pa.field("topico", pa.string()),
    pa.field("tipo", pa.string(), nullable=False),
    pa.field("motivo", pa.string()),
    pa.field("id_evento", pa.string()),
    pa.field("id_pedido", pa.string()),
    pa.field("id_produto", pa.string()),
    pa.field("atrasado", pa.bool_(), nullable=False),
    pa.field("dia", pa.date32()),
    pa.field("valor", pa.decimal128(28, 4)),
    pa.field("moeda", pa.string()),
    pa.field("enviado_em", pa.timestamp("us", tz="UTC"), nullable=False),
)
_ANSWER = (
    pa.field("particao", pa.int32()),
    pa.field("deslocamento", pa.int64()),
    pa.field("resposta", pa.string(), nullable=False),
    pa.field("erro", pa.string()),
)
_INTENT_SCHEMA = pa.schema(_INTENT)
SCHEMA = pa.schema([*_INTENT, *_ANSWER])
"""Columns of the ledger; docs/simulator.md explains each."""

ROWS_A_CHUNK = 50_000
SECONDS_A_CHUNK = 30.0
_PENDING = (None, None, UNANSWERED, None)


class Entry(NamedTuple):
    """One send, before it is made: the ledger's columns from `topico` to `moeda`."""

    topico: str | None
    tipo: str
    motivo: str | None
    id_evento: str | None
    id_pedido: str | None
    id_produto: str | None
    atrasado: bool
    dia: date | None
    valor: Decimal | None
    moeda: str | None


class Ledger:
    """Writes one run's ledger. Not thread-safe: one thread intends and answers.

    Args:
        var: folder of the platform's data; the run's files lie in `var/ledger/<run>/`.
        run: the run's name, new each time; `new_run()` makes one.
    """

    def __init__(self, var: Path, run: str) -> None:
        self.run = run
        self.folder = var / "ledger" / run
        self.folder.mkdir(mode=0o700, parents=True)
        self._sent = 0
        self._chunks = 0
        self._open: _Chunk | None = None
        self._sealed: list[_Chunk] = []

    def id_of(self, number: int) -> str:
        """`id_envio` of the run's send of that number; the record carries it as header `id_rastro`."""
        return f"{self.run}/{number}"

    def intend(self, entries: Sequence[Entry]) -> range:
        """Write sends durably before they are made.

        Returns:
            their numbers, to answer them by.
        """
        numbers = range(self._sent, self._sent + len(entries))
        if not entries:
            return numbers
        if self._open is None:
            self._open = _Chunk(self.folder, self._chunks, self._sent)
            self._chunks += 1
        self._open.append(_intent_table(self.run, [self.id_of(number) for number in numbers], entries))
        self._sent += len(entries)
        return numbers

    def answer(self, number: int, particao: int | None, deslocamento: int | None, resposta: str = CONFIRMED) -> None:
        """Record that a send was answered; coordinates are None for the shop's database."""
        self._chunk_of(number).set(number, (particao, deslocamento, resposta, None))

    def give_up(self, number: int, erro: str) -> None:
        """Record that no answer will come: it stays `sem_resposta`, because the broker may have it all the same."""
        self._chunk_of(number).set(number, (None, None, UNANSWERED, erro))

    def roll(self) -> None:
        """Close what is full or old enough, and complete what has all its answers. Call it regularly."""
        if self._open and self._open.is_ripe():
            self._seal()
        waiting = [chunk for chunk in self._sealed if not chunk.is_answered()]
        for chunk in self._sealed:
            if chunk.is_answered():
                chunk.complete()
        self._sealed = waiting

    def close(self) -> None:
        """Complete every chunk; what has no answer yet stays `sem_resposta`."""
        if self._open:
            self._seal()
        for chunk in self._sealed:
            chunk.complete()
        self._sealed = []

    def _seal(self) -> None:
        if self._open:
            self._sealed.append(self._open)
        self._open = None

    def _chunk_of(self, number: int) -> "_Chunk":
        for chunk in [*self._sealed, *([self._open] if self._open else [])]:
            if number in chunk:
                return chunk
        raise KeyError(f"send {number} of run {self.run} is not open; it was answered before, or never intended")


class _Chunk:
    """Some slices of sends: a journal while open, a Parquet file once complete."""

    def __init__(self, folder: Path, number: int, first: int) -> None:
        self._journal = folder / f"{number:06d}.intencao.arrows"
        self._target = folder / f"{number:06d}.parquet"
        self._first = first
        self._since = monotonic()
        self._tables: list[pa.Table] = []
        self._answers: list[tuple[int | None, int | None, str, str | None]] = []
        self._waiting = 0
        self._sink = pa.OSFile(str(self._journal), "wb")
        self._writer = pa.ipc.new_stream(self._sink, _INTENT_SCHEMA)

    def __contains__(self, number: int) -> bool:
        return self._first <= number < self._first + len(self._answers)

    def append(self, intents: pa.Table) -> None:
        self._writer.write_table(intents)
        self._tables.append(intents)
        self._answers.extend([_PENDING] * len(intents))
        self._waiting += len(intents)

    def set(self, number: int, answer: tuple[int | None, int | None, str, str | None]) -> None:
        self._answers[number - self._first] = answer
        self._waiting -= 1

    def is_ripe(self) -> bool:
        return len(self._answers) >= ROWS_A_CHUNK or monotonic() - self._since >= SECONDS_A_CHUNK

    def is_answered(self) -> bool:
        return self._waiting == 0

    def complete(self) -> None:
        self._writer.close()
        self._sink.close()
        answers = [
            pa.array(column, field.type)
            for column, field in zip(zip(*self._answers, strict=True), _ANSWER, strict=True)
        ]
        intents = pa.concat_tables(self._tables).combine_chunks()
        table = pa.table([*intents.columns, *answers], schema=SCHEMA)
        draft = self._target.with_suffix(".tmp")
        with draft.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._target)
        self._journal.unlink()


def new_run(seed: int) -> str:
    """A name that sorts by time and that no other run has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-s{seed}-{os.getpid()}"


def read(var: Path, condition: pc.Expression | None = None, since: datetime | None = None) -> pa.Table:
    """What was sent, one row per send, in the order of the runs.

    Args:
        var: folder of the platform's data.
        condition: only such rows. Of a file whose statistics exclude them, the end alone is read.
        since: leave out files that were complete before (UTC), unopened: all of their rows were sent before.

    Returns:
        A table of `SCHEMA`. Rows of a crashed run's last sends, and a running one's, have `resposta = 'sem_resposta'`.
    """
    folder = var / "ledger"
    runs = sorted(run for run in folder.iterdir() if run.is_dir()) if folder.is_dir() else []
    return pa.concat_tables(
        [SCHEMA.empty_table(), *(table for run in runs for table in read_run(run, condition, since))]
    )


def first_arrivals(ledger: pa.Table) -> pa.Table:
    """The confirmed valid events, one row per event id: the lowest offset.

    Ids repeat where the same seed and start were played twice. The copies have one key, and so one partition, where the
    lowest offset is what the broker took first: that is what silver keeps.
    """
    valid = ledger.filter((pc.field("tipo") == "valido") & (pc.field("resposta") == CONFIRMED))
    ordered = valid.sort_by([("topico", "ascending"), ("id_evento", "ascending"), ("deslocamento", "ascending")])
    if ordered.num_rows == 0:
        return ordered
    ids = pc.binary_join_element_wise(ordered["topico"], ordered["id_evento"], "/").combine_chunks()
    is_first = pc.not_equal(ids[1:], ids[:-1])
    return ordered.filter(pa.concat_arrays([pa.array([True]), is_first]))


def money_by_day(ledger: pa.Table) -> pa.Table:
    """The exact sums that the lake must hold.

    Returns:
        `destino` (the topic, or 'loja' for the order database), `dia`, `moeda`, `valor` decimal, sorted. Purchases
        count once an event id, sales once an order line; unanswered sends don't, although they may have arrived.
    """
    sold = ledger.filter((pc.field("tipo") == "venda") & (pc.field("resposta") == CONFIRMED))
    counted = pa.concat_tables([first_arrivals(ledger).filter(pc.field("valor").is_valid()), sold])
    destino = pc.fill_null(counted["topico"], "loja")
    named = counted.select(["dia", "moeda", "valor"]).add_column(0, "destino", destino)
    summed = named.group_by(["destino", "dia", "moeda"]).aggregate([("valor", "sum")])
    renamed = summed.rename_columns(["destino", "dia", "moeda", "valor"])
    return renamed.sort_by([(name, "ascending") for name in ("destino", "dia", "moeda")])


def read_run(run: Path, condition: pc.Expression | None = None, since: datetime | None = None) -> Iterator[pa.Table]:
    """One run's rows, a table of `SCHEMA` per chunk.

    Args:
        run: the run's folder.
        condition: as in `read`.
        since: as in `read`.
    """
    # Journals first: what is completed in between is renamed before its journal goes, so the second look finds it.
    names = {path.name.split(".")[0] for path in run.glob("*.intencao.arrows")}
    names |= {path.stem for path in run.glob("*.parquet")}
    for name in sorted(names):
        complete, journal = run / f"{name}.parquet", run / f"{name}.intencao.arrows"
        if not (since and complete.exists() and complete.stat().st_mtime < since.timestamp()):
            yield _read_chunk(complete, journal, condition)


def _read_chunk(complete: Path, journal: Path, condition: pc.Expression | None) -> pa.Table:
    if not complete.exists():
        with contextlib.suppress(FileNotFoundError):
            rows = _unanswered(journal)
            return rows if condition is None else rows.filter(condition)
    return pq.read_table(complete, schema=SCHEMA, filters=condition)


def _unanswered(journal: Path) -> pa.Table:
    """A journal's rows; a torn last slice was never sent: a slice is sent after it is written."""
    batches = []
    with (
        pa.OSFile(str(journal), "rb") as source,
        contextlib.suppress(pa.ArrowInvalid, EOFError, StopIteration, OSError),
    ):
        stream = pa.ipc.open_stream(source)
        while True:
            batches.append(stream.read_next_batch())
    intents = pa.Table.from_batches(batches, _INTENT_SCHEMA)
    empty = [pa.nulls(len(intents), field.type) for field in _ANSWER]
    empty[2] = pa.array([UNANSWERED] * len(intents), pa.string())
    return pa.table([*intents.columns, *empty], schema=SCHEMA)


def _intent_table(run: str, ids: Iterable[str], entries: Sequence[Entry]) -> pa.Table:
    count = len(entries)
    columns = list(zip(*entries, strict=True))
    now = datetime.now(UTC)
    values = [[run] * count, list(ids), *columns, [now] * count]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(values, _INTENT, strict=True)], schema=_INTENT_SCHEMA
    )

"""Plays a shop: events to Kafka, orders to the shop's database, everything into the ledger."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from acude.kafka.producer import connect, require_topic
from acude.settings import Settings, settings
from acude.simulator import ledger as ledgers
from acude.simulator.faults import Record, Shares, disturb
from acude.simulator.ledger import Ledger
from acude.simulator.orders import OrderBook, OrderDatabase
from acude.simulator.sender import Sender, send_of
from acude.simulator.serde import TOPIC
from acude.simulator.shoppers import events
from acude.simulator.slices import SLICE, by_clock


@dataclass(frozen=True)
class Config:
    """One play.

    Attributes:
        rate: events per second of the shop's time.
        duration: of the shop's time; None: until stopped.
        seed: the same seed and start give the same events and orders.
        shares: what goes wrong.
        start: UTC; the shop's clock begins there and runs as fast as the broker takes it. None: the real clock.
        orders: also write the shop's order database.
        topic: where the events go.
    """

    rate: float = 200.0
    duration: timedelta | None = timedelta(seconds=60)
    seed: int = 7
    shares: Shares = field(default_factory=Shares)
    start: datetime | None = None
    orders: bool = True
    topic: str = TOPIC

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"rate is events per second, above 0; found {self.rate}")
        if self.duration is not None and self.duration <= timedelta(0):
            raise ValueError(f"duration must be above 0; found {self.duration}")
        if self.start is not None and self.duration is None:
            raise ValueError("a play with a start of its own needs a duration; only the real clock runs without end")


@dataclass(frozen=True)
class Summary:
    """What a play did.

    Attributes:
        run: its name in the ledger.
        ledger: its folder there.
        start: begin of the shop's time (UTC).
        end: its end, or the moment at which it was stopped (UTC).
        sent: sends to Kafka.
        orders: orders and returns that were new in the shop's database.
        answers: rows of the ledger by (`topico` or 'loja' for the database, `tipo`, `resposta`).
        seconds: on the real clock.
    """

    run: str
    ledger: Path
    start: datetime
    end: datetime
    sent: int
    orders: int
    answers: dict[tuple[str, str, str], int]
    seconds: float

    @property
    def unanswered(self) -> int:
        """Sends of which nobody knows whether they arrived."""
        return sum(count for (_, _, resposta), count in self.answers.items() if resposta == ledgers.UNANSWERED)


@dataclass(frozen=True)
class Progress:
    """How far a play has come; `kinds` counts sends by `tipo`."""

    sent: int
    orders: int
    clock: datetime
    kinds: Counter[str]


OnProgress = Callable[[Progress], None]


def records(config: Config, start: datetime, book: OrderBook | None = None) -> Iterator[Record]:
    """The sends of a play in order, without sending them. Pure.

    Args:
        config: what is played.
        start: begin of the shop's time.
        book: gathers the orders on the way.
    """
    happened = events(config.seed, start, config.duration, config.rate)
    return disturb(book.follow(happened) if book else happened, config.shares, _run_seed(config, start))


def play(
    config: Config,
    on_progress: OnProgress = lambda _: None,
    stop: threading.Event | None = None,
    platform: Settings | None = None,
) -> Summary:
    """Play until the end of `duration`, or until `stop` is set; either way the ledger is complete afterwards.

    Args:
        config: what is played.
        on_progress: called after each slice of sends.
        stop: set it from a signal or another thread to end early.
        platform: where to; the process's settings unless given.

    Raises:
        AcudeError: the broker, the topic or the order database is missing.
    """
    platform = platform or settings()
    require_topic(platform, config.topic)
    # All that may be missing comes before the ledger: a run that never began leaves no trace.
    database = OrderDatabase(platform.shop_dsn.get_secret_value()) if config.orders else None
    producer = connect(platform, "acude-simulador")
    run = Ledger(platform.var, ledgers.new_run(config.seed))
    return _Play(config, run, Sender(producer, run), database).go(on_progress, stop or threading.Event())


class _Play:
    def __init__(self, config: Config, run: Ledger, sender: Sender, database: OrderDatabase | None) -> None:
        self._config = config
        self._run = run
        self._sender = sender
        self._database = database
        self._start = config.start or datetime.now(UTC)
        self._book = OrderBook(_run_seed(config, self._start)) if database else None
        self._progress = Progress(0, 0, self._start, Counter())

    def go(self, on_progress: OnProgress, stop: threading.Event) -> Summary:
        began = time.monotonic()
        sends = records(self._config, self._start, self._book)
        slices = _by_number(sends) if self._config.start else by_clock(sends, lambda record: record.due, stop)
        try:
            with self._sender:
                for batch in slices:
                    if stop.is_set():
                        break
                    self._send(batch)
                    on_progress(self._progress)
                self._write_orders(last=True)
        finally:
            if self._database:
                self._database.close()
        return self._summary(time.monotonic() - began)

    def _send(self, batch: list[Record]) -> None:
        self._sender.send([send_of(record, self._config.topic) for record in batch])
        kinds = self._progress.kinds + Counter(record.kind.value for record in batch)
        self._progress = Progress(self._progress.sent + len(batch), self._progress.orders, batch[-1].due, kinds)
        self._write_orders()

    def _write_orders(self, *, last: bool = False) -> None:
        if self._database and self._book:
            new = self._database.write(self._book.finish() if last else self._book.take(), self._run)
            before = self._progress
            self._progress = Progress(before.sent, before.orders + new, before.clock, before.kinds)

    def _summary(self, seconds: float) -> Summary:
        done = self._progress
        return Summary(
            self._run.run,
            self._run.folder,
            self._start,
            done.clock,
            done.sent,
            done.orders,
            _answers(self._run),
            seconds,
        )


def _answers(run: Ledger) -> dict[tuple[str, str, str], int]:
    """The ledger's rows, read back from the files and counted."""
    names = ["topico", "tipo", "resposta"]
    tables = [table.select(names) for table in ledgers.read_run(run.folder)]
    if not tables:
        return {}
    counted = pa.concat_tables(tables).group_by(names).aggregate([([], "count_all")]).to_pylist()
    return {(row["topico"] or "loja", row["tipo"], row["resposta"]): row["count_all"] for row in counted}


def _run_seed(config: Config, start: datetime) -> str:
    """Faults and returns of another day are others."""
    return f"{config.seed}:{start.astimezone(UTC).isoformat()}"


def _by_number(sends: Iterator[Record]) -> Iterator[list[Record]]:
    """Slices as fast as they are taken."""
    batch: list[Record] = []
    for record in sends:
        batch.append(record)
        if len(batch) == SLICE:
            yield batch
            batch = []
    if batch:
        yield batch

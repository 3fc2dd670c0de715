"""Sends the payers' payments to their topic, when their time has come, and keeps the ledger of them."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from acude.kafka.producer import connect, require_topic
from acude.payments.routes import TOPIC, own_topics, topic_for
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.faults import Kind
from acude.simulator.ledger import Entry, Ledger
from acude.simulator.payments.mix import payments
from acude.simulator.payments.serde import DISPUTES, Labelled, dispute
from acude.simulator.sender import Send, Sender
from acude.simulator.slices import by_clock

if TYPE_CHECKING:
    from acude.risk.payment import Payment

HONEST = "normal"
_SHOW_S = 1.0


@dataclass
class PlaySummary:
    """What was sent so far.

    Attributes:
        run: its name in the ledger.
        labels: payments by label (`normal` or a pattern's name).
        failed: how many got no answer from the broker; known at the end.
        disputes: frauds that were reported.
        ledger: folder of the run's ledger.
    """

    run: str
    ledger: Path
    labels: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    disputes: int = 0


def play(
    config: Settings,
    rate: float,
    duration: timedelta | None,
    *,
    start: datetime | None = None,
    seed: int = 7,
    fraud_share: float = 0.01,
    labels_after: timedelta | None = None,
    on_progress: Callable[[PlaySummary], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> PlaySummary:
    """Sends payments as they are made, until the end of `duration` (None: without end) or until `stop` is set.

    Either way the ledger is complete afterwards.

    Args:
        config: where the broker and the ledger are.
        rate: payments per second.
        duration: how long.
        start: begin of the payers' time, UTC; what is past is sent as fast as the broker takes it, as imported. None:
            now.
        seed: the same seed and start give the same payments.
        fraud_share: of all payments.
        labels_after: each fraud is reported to `contestacoes` this long after its payment, by the payers' time, or at
            the play's end if that comes first; None: never.
        on_progress: called about once a second.
        stop: set it from a signal or another thread.

    Raises:
        BrokerError: no broker answers, or it lacks the topic.
    """
    for topic in (TOPIC, *own_topics(config)):
        require_topic(config, topic)
    if labels_after is not None:
        require_topic(config, DISPUTES)
    stop = stop or threading.Event()
    producer = connect(config, "acude-pagadores", linger_ms=5)
    run = Ledger(config.var, ledgers.new_run(seed))
    began = datetime.now(UTC)
    sent, clock = PlaySummary(run.run, run.folder), start or began

    def failed(_problem: BaseException) -> None:
        sent.failed += 1

    def report(age: timedelta) -> None:
        while unreported and clock - unreported[0].timestamp >= age:
            producer.send(DISPUTES, *dispute(unreported.popleft(), clock)).add_errback(failed)
            sent.disputes += 1

    unreported: deque[Payment] = deque()
    made = payments(seed, clock, duration, rate, fraud_share=fraud_share)
    stream = (one if one.payment.timestamp >= began else one.imported() for one in made)
    shown = time.monotonic()
    with Sender(producer, run) as sender:
        for batch in by_clock(stream, lambda one: one.payment.timestamp, stop):
            if stop.is_set():
                break
            sender.send([send_of(one, topic_for(config, one.payment.tipo_pagamento)) for one in batch])
            sent.labels.update(one.label or HONEST for one in batch)
            clock = batch[-1].payment.timestamp
            if labels_after is not None:
                unreported.extend(one.payment for one in batch if one.label)
                report(labels_after)
            if time.monotonic() - shown >= _SHOW_S:
                shown = time.monotonic()
                on_progress(sent)
        report(timedelta())
    sent.failed += sum(_unanswered(table["resposta"]) for table in ledgers.read_run(run.folder))
    return sent


def send_of(one: Labelled, topic: str = TOPIC) -> Send:
    """A payment as it is sent to its topic; its money is what the lake must come to, refunds as what they are worth."""
    payment = one.payment
    entry = Entry(
        topico=topic,
        tipo=Kind.VALID.value,
        motivo=None,
        id_evento=payment.id_transacao,
        id_pedido=payment.id_pedido,
        id_produto=None,
        atrasado=False,
        dia=payment.timestamp.date(),
        valor=payment.valor,
        moeda=payment.moeda,
    )
    return Send(entry, one.value, one.key)


def _unanswered(answers: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.equal(answers, ledgers.UNANSWERED)).as_py() or 0)

"""Sends the payers' payments to their topic, by the real clock."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from acude.ingress.producer import connect, require_topic
from acude.settings import Settings
from acude.simulator.payments.mix import payments
from acude.simulator.payments.wire import FINDINGS, TOPIC, Labelled, finding

if TYPE_CHECKING:
    from acude.risk.payment import Payment

HONEST = "normal"
_AHEAD_S = 0.02
_SLICE_S = 1.0


@dataclass
class Sent:
    """What was sent so far.

    Attributes:
        labels: payments by label, `normal` or a pattern's name.
        failed: records that the broker did not take.
        findings: frauds that were reported.
    """

    labels: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    findings: int = 0


def play(
    config: Settings,
    rate: float,
    duration: timedelta | None,
    *,
    seed: int = 7,
    fraud_share: float = 0.01,
    labels_after: timedelta | None = None,
    on_progress: Callable[[Sent], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Sent:
    """Sends payments as they are made, until the end of `duration` (None: without end) or until `stop` is set.

    Args:
        config: where the broker is.
        rate: payments a second.
        duration: how long.
        seed: the same seed and start give the same payments.
        fraud_share: of all payments.
        labels_after: each fraud is reported to `contestacoes` so long after its payment, or at the play's end if that
            comes first; None: never.
        on_progress: called about once a second.
        stop: set it from a signal or another thread.

    Raises:
        BrokerError: no broker answers, or it lacks the topic.
    """
    require_topic(config.kafka_bootstrap, TOPIC)
    if labels_after is not None:
        require_topic(config.kafka_bootstrap, FINDINGS)
    stop = stop or threading.Event()
    producer = connect(config.kafka_bootstrap, "acude-pagadores", linger_ms=5)
    sent = Sent()

    def failed(_problem: BaseException) -> None:
        sent.failed += 1

    def report(until: datetime | None = None) -> None:
        while unreported and (until is None or unreported[0].timestamp <= until):
            producer.send(FINDINGS, *finding(unreported.popleft(), datetime.now(UTC))).add_errback(failed)
            sent.findings += 1

    unreported: deque[Payment] = deque()
    shown = time.monotonic()
    try:
        for one in _when_due(payments(seed, datetime.now(UTC), duration, rate, fraud_share=fraud_share), stop):
            producer.send(TOPIC, one.value, one.key).add_errback(failed)
            sent.labels[one.label or HONEST] += 1
            if labels_after is not None:
                if one.label:
                    unreported.append(one.payment)
                report(datetime.now(UTC) - labels_after)
            if time.monotonic() - shown >= _SLICE_S:
                shown = time.monotonic()
                on_progress(sent)
        report()
    finally:
        producer.flush(timeout=30)
        producer.close(timeout=5)
    return sent


def _when_due(stream: Iterator[Labelled], stop: threading.Event) -> Iterator[Labelled]:
    """Each payment at its own time, as long as `stop` is not set."""
    for one in stream:
        early = (one.payment.timestamp - datetime.now(UTC)).total_seconds()
        if early > _AHEAD_S and stop.wait(early):
            return
        if stop.is_set():
            return
        yield one

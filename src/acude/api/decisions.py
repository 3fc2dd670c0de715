"""The decisions as they are made, for requests that wait for one."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from confluent_kafka import Message

from acude.kafka.consumer import Batch, Runner, Strategy
from acude.kafka.follower import Follower
from acude.kafka.health import Health
from acude.kafka.service import run_in_thread
from acude.payments.groups import PAYMENT_API
from acude.payments.serde import DECISIONS, decision_in
from acude.risk.first_decision import PAYMENT, PaymentKey, key_of
from acude.settings import Settings

_MOST_RECENT: Final = 50_000
_SILENCE_S: Final = 5.0
_NEVER_ANSWERED: Final = 10
Answer = dict[str, Any]


@dataclass
class _Wait:
    """The requests that wait for one payment's decision, and since when (monotonic seconds)."""

    since: float
    futures: list[asyncio.Future[Answer]] = field(default_factory=list)


class Decisions(Strategy[Answer]):
    """Follows topic `decisoes_risco` in a thread, keeps the newest decisions, and wakes the requests that wait for one.

    Args:
        config: where the broker is.
        loop: the event loop of the requests.
        health: the payment API's.
    """

    batch_size = 500
    wait_s = 0.2

    def __init__(self, config: Settings, loop: asyncio.AbstractEventLoop, health: Health) -> None:
        self.health = health
        self._config = config
        self._loop = loop
        self._recent: OrderedDict[PaymentKey, Answer] = OrderedDict()
        self._of_anybody: OrderedDict[str, Answer] = OrderedDict()
        self._waiting: dict[PaymentKey, _Wait] = {}
        self._stop = threading.Event()
        self._following = threading.Event()
        self._heard_at = 0.0

    def follow(self) -> None:
        """Starts the thread; returns when it can miss nothing any more."""
        self._thread = run_in_thread("decisions", self._runner, self._stop, self.health)
        self._following.wait()

    def _runner(self) -> Runner[Answer]:
        # The thread is alive while it looks for a broker that is away.
        self.health.beat()
        source = Follower(self._config, PAYMENT_API, DECISIONS, self._heard)
        self._following.set()
        return Runner(source, self, self._stop)

    def _heard(self) -> None:
        self._heard_at = time.monotonic()

    def stop(self) -> None:
        """Ends the thread."""
        self._stop.set()
        self._thread.join(timeout=5)

    @property
    def is_following(self) -> bool:
        """Whether the broker answered lately."""
        return time.monotonic() - self._heard_at < _SILENCE_S

    @property
    def waiting(self) -> int:
        """How many payments are waited for."""
        return len(self._waiting)

    def is_behind(self, longest_s: float) -> bool:
        """Whether one more payment would probably not be decided in time.

        Args:
            longest_s: a few payments may wait for longer, more may not.
        """
        # In the order in which they began. A few are never answered: their payment was decided before.
        later = next(islice(self._waiting.values(), _NEVER_ANSWERED, None), None)
        return later is not None and time.monotonic() - later.since > longest_s

    def recent(self, id_transacao: str, client: str | None) -> Answer | None:
        """The first decision, if made lately, on a payment of this client's, or with None of anybody's."""
        return self._of_anybody.get(id_transacao) if client is None else self._recent.get((client, id_transacao))

    async def wait(self, payment: PaymentKey, timeout_s: float, send: Callable[[], None]) -> Answer | None:
        """Sends the payment, and waits for its decision; None where it does not come in time."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.setdefault(payment, _Wait(time.monotonic())).futures.append(future)
        try:
            send()
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return None
        finally:
            waiting = self._waiting[payment]
            waiting.futures.remove(future)
            if not waiting.futures:
                del self._waiting[payment]

    def handle(self, records: Sequence[Message]) -> list[Answer]:
        """The decisions, as answers. The recorder keeps what is none; here it is counted."""
        return [decision_in(record) for record in records]

    def finish(self, effects: Sequence[Answer], batch: Batch) -> None:
        """Hands the answers to the event loop. Nothing is committed: every process follows the whole topic."""
        del batch
        self._loop.call_soon_threadsafe(self._publish, effects)

    def _publish(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            # The first decision stands (`acude.risk.first_decision`).
            payment = key_of(answer)
            first = self._recent.setdefault(payment, answer)
            self._of_anybody.setdefault(answer[PAYMENT], answer)
            waiting = self._waiting.get(payment)
            for future in waiting.futures if waiting else ():
                if not future.done():
                    future.set_result(first)
        for kept in (self._recent, self._of_anybody):
            while len(kept) > _MOST_RECENT:
                kept.popitem(last=False)

"""What every service shows of itself: metrics for Prometheus, heartbeat and readiness."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from threading import Thread, Timer
from typing import Final, Protocol
from urllib.parse import urlsplit

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from pybreaker import CircuitBreaker, CircuitBreakerListener, CircuitBreakerState

from acude.settings import Settings

BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)
"""In seconds; the budget of a payment is one of the bounds."""

_STUCK_S: Final = 10.0
_THREAD_HANGS_S: Final = 60.0
_LAG_EVERY_S: Final = 1.0
_MOST_BYTES: Final = 1_000_000
_WITHIN_S: Final = 20.0
"""How long a connection, which has one request, may take."""

Post = Callable[[Mapping[str, str], bytes], HTTPStatus]
"""Takes the headers (names in lower case) and the body of a POST."""


class Consumption(Protocol):
    """What is shown of a consumer."""

    group: str

    @property
    def has_partitions(self) -> bool:
        """Whether any partition is assigned."""

    def lag(self) -> Mapping[int, int]:
        """Records behind the newest, by partition."""


class Health:
    """A service's metrics and heartbeat. Services add their own metrics to `registry`.

    The metrics' names are public: alert rules and dashboards use them.

    Args:
        service: the service's own health, where this is that of a consumer in a thread beside it. The two share their
            metrics, and the service is alive while both are.

    Attributes:
        batch: times a consumer's batches; None: nothing does.
        ready: whether a consumer has partitions.
    """

    registry: CollectorRegistry
    breakers: Gauge
    lag: Gauge
    unreadable: Counter
    restarts: Counter
    batch: Histogram | None = None

    def __init__(self, service: "Health | None" = None) -> None:
        if service:
            self.registry, self.breakers, self.lag = service.registry, service.breakers, service.lag
            self.unreadable, self.restarts = service.unreadable, service.restarts
            service._threads.append(self)
        else:
            self.registry = CollectorRegistry()
            ProcessCollector(registry=self.registry)
            self.breakers = Gauge(
                "risco_disjuntor_aberto", "1 where the breaker is open", ["nome"], registry=self.registry
            )
            self.lag = Gauge(
                "risco_atraso_registros",
                "Records that the group has not taken yet, of the partitions that this consumer has",
                ["grupo", "particao"],
                registry=self.registry,
            )
            self.unreadable = Counter(
                "risco_registros_ilegiveis", "Records that a consumer could not process", registry=self.registry
            )
            self.restarts = Counter(
                "risco_consumidor_reinicios",
                "Starts of a consumer in a thread after a failure that was not the broker's",
                registry=self.registry,
            )
        self._threads: list[Health] = []
        self._needed: list[Thread] = []
        self._beat = time.monotonic()
        self._lag_at = 0.0
        self._partitions: set[int] = set()
        self.ready = False

    def beat(self) -> None:
        """The service's loop starts another round."""
        self._beat = time.monotonic()

    @property
    def beat_age_s(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._beat

    @property
    def alive(self) -> bool:
        """Whether the last beat is recent, and that of each consumer in a thread beside, and no needed thread ended."""
        return self.beat_age_s < _STUCK_S and all(one.alive for one in self._threads) and not self._lacks_a_thread

    def hangs(self, after_s: float) -> bool:
        """Whether nothing but a new process helps.

        The last beat is older than that, a consumer in a thread beside has been silent for a minute, or a thread ended.
        """
        silent = self.beat_age_s >= after_s or any(one.hangs(_THREAD_HANGS_S) for one in self._threads)
        return silent or self._lacks_a_thread

    @property
    def _lacks_a_thread(self) -> bool:
        return not all(one.is_alive() for one in self._needed)

    def need(self, *threads: Thread) -> None:
        """The service is alive only while these threads are. They must have been started."""
        self._needed += threads

    def release(self) -> None:
        """The service ends now, and its threads with it."""
        self._needed.clear()

    def remark(self) -> str:
        """What `/pronta` adds to its status."""
        return ""

    def watch(self, breakers: Iterable[CircuitBreaker]) -> None:
        """Shows the states of these breakers from now on."""
        for breaker in breakers:
            self.breakers.labels(breaker.name).set(0)
            breaker.add_listener(_Shown(self.breakers))

    def show(self, consumer: Consumption) -> None:
        """Shows whether the consumer has partitions, and its lag; a consumer that has some is asked once a second."""
        now = time.monotonic()
        due = now - self._lag_at >= _LAG_EVERY_S
        # Each question waits for librdkafka's own thread: with every round it was a tenth of a worker's CPU.
        if due or not self.ready:
            self.ready = consumer.has_partitions
        if not due:
            return
        self._lag_at = now
        found = consumer.lag()
        # A partition that has moved to another consumer must not stay here.
        for gone in self._partitions - found.keys():
            self.lag.remove(consumer.group, gone)
        self._partitions = set(found)
        for partition, behind in found.items():
            self.lag.labels(consumer.group, partition).set(max(0, behind))


class _Shown(CircuitBreakerListener):
    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def state_change(
        self, cb: CircuitBreaker, old_state: CircuitBreakerState | None, new_state: CircuitBreakerState
    ) -> None:
        """Shows that a breaker opened or closed."""
        del old_state
        self._gauge.labels(cb.name).set(new_state.name == "open")


class _Answers(BaseHTTPRequestHandler):
    """Answers only under names that are its own: a page in a browser reaches it, too, under another.

    A number is no name that such a page could have taken over, so the address that was reached is always its own.
    """

    timeout = 10
    names: Collection[str] = ()

    def handle(self) -> None:
        """One request. `timeout` counts from byte to byte, so it alone would let one that drips hold its thread."""
        end = Timer(_WITHIN_S, self._hang_up)
        end.daemon = True
        end.start()
        try:
            with suppress(ConnectionError):
                super().handle()
        finally:
            end.cancel()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)

    def parse_request(self) -> bool:
        """Refuses a request under another name."""
        if not super().parse_request():
            return False
        reached = self.connection.getsockname()[0]
        asked = _host(self.headers.get("Host", reached)) in {reached, *self.names}
        if not asked:
            self.send_error(HTTPStatus.BAD_REQUEST)
        return asked

    def say(self, status: HTTPStatus, remark: str = "") -> None:
        said = "\n".join(filter(None, (status.phrase, remark)))
        self.answer(status, said.encode(), "text/plain; charset=utf-8")

    def answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Requests are not logged."""


def _host(header: str) -> str | None:
    """The name in a header `Host`; None where it has none."""
    with suppress(ValueError):
        return urlsplit(f"//{header}").hostname
    return None


def _size(header: str) -> int | None:
    """Bytes of a body by its header `Content-Length`; None where that is no number, or more than is taken."""
    digits = header.lstrip("0") or header[:1]
    # By their number first: `int` takes no more than 4,300 digits.
    size = int(digits) if digits.isdecimal() and len(digits) <= len(str(_MOST_BYTES)) else None
    return None if size is None or size > _MOST_BYTES else size


def serve(health: Health, config: Settings, port: int, posts: Mapping[str, Post] | None = None) -> ThreadingHTTPServer:
    """Answers `/metrics`, `/viva` and `/pronta` in a thread; `shutdown()` ends it.

    Args:
        health: what is shown.
        config: where it listens, and under which names.
        port: of TCP.
        posts: what else is accepted, by path.
    """

    class Handler(_Answers):
        names = config.listens_to

        def do_GET(self) -> None:
            """One of the three."""
            found = {"/viva": health.alive, "/pronta": health.alive and health.ready}
            if self.path == "/metrics":
                self.answer(HTTPStatus.OK, generate_latest(health.registry), CONTENT_TYPE_LATEST)
            elif self.path in found:
                remark = health.remark() if self.path == "/pronta" else ""
                self.say(HTTPStatus.OK if found[self.path] else HTTPStatus.SERVICE_UNAVAILABLE, remark)
            else:
                self.answer(HTTPStatus.NOT_FOUND, b"/metrics, /viva or /pronta", "text/plain")

        def do_POST(self) -> None:
            """One of `posts`."""
            take, size = (posts or {}).get(self.path), _size(self.headers.get("Content-Length", ""))
            if not take:
                self.say(HTTPStatus.NOT_FOUND)
            elif size is None:
                self.say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.say(take(headers, self.rfile.read(size)))

    server = ThreadingHTTPServer((config.bind, port), Handler)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server

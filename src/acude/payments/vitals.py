"""What every risk service shows: metrics for Prometheus, and the truth about its health."""

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest
from pybreaker import CircuitBreaker, CircuitBreakerListener, CircuitBreakerState

from acude.payments.member import Member
from acude.settings import HOST

BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)
"""Of seconds; the budget of a payment is one of their bounds."""

_STUCK_S: Final = 10.0
_LAG_EVERY_S: Final = 1.0
_MOST_BYTES: Final = 1_000_000

Post = Callable[[Mapping[str, str], bytes], HTTPStatus]
"""Takes the headers (names in small letters) and body of a POST."""


class Vitals:
    """A service's metrics and heartbeat. Services add metrics of their own to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.breakers = Gauge("risco_disjuntor_aberto", "1 where the breaker is open", ["nome"], registry=self.registry)
        self.lag = Gauge(
            "risco_atraso_registros",
            "Records that the group has not taken yet, of the partitions that are this member's",
            ["grupo", "particao"],
            registry=self.registry,
        )
        self._beat = time.monotonic()
        self._lag_at = 0.0
        self.ready = False

    def beat(self) -> None:
        """The service's loop goes round."""
        self._beat = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the loop went round a moment ago."""
        return time.monotonic() - self._beat < _STUCK_S

    def remark(self) -> str:
        """What `/pronta` says beside its status."""
        return ""

    def watch(self, breakers: Iterable[CircuitBreaker]) -> None:
        """Shows the breakers' states from now on."""
        for breaker in breakers:
            self.breakers.labels(breaker.name).set(0)
            breaker.add_listener(_Shown(self.breakers))

    def show(self, member: Member) -> None:
        """Ready with a partition of its own; shows the lag by partition, which is looked at once a second at most."""
        self.ready = member.has_partitions
        now = time.monotonic()
        if now - self._lag_at < _LAG_EVERY_S:
            return
        self._lag_at = now
        # Partitions that are another member's now must not stay here.
        self.lag.clear()
        for partition, behind in member.lag().items():
            self.lag.labels(member.group, partition).set(max(0, behind))


class _Shown(CircuitBreakerListener):
    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def state_change(
        self, cb: CircuitBreaker, old_state: CircuitBreakerState | None, new_state: CircuitBreakerState
    ) -> None:
        """A breaker opened or closed."""
        del old_state
        self._gauge.labels(cb.name).set(new_state.name == "open")


def serve(vitals: Vitals, port: int, posts: Mapping[str, Post] | None = None) -> ThreadingHTTPServer:
    """Answers `/metrics`, `/viva` and `/pronta` on loopback, in a thread; `shutdown()` ends it.

    Args:
        vitals: what is shown.
        port: of TCP.
        posts: what else is taken, by path.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            """One of the three."""
            found = {"/viva": vitals.alive, "/pronta": vitals.alive and vitals.ready}
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, generate_latest(vitals.registry), CONTENT_TYPE_LATEST)
            elif self.path in found:
                remark = vitals.remark() if self.path == "/pronta" else ""
                self._say(HTTPStatus.OK if found[self.path] else HTTPStatus.SERVICE_UNAVAILABLE, remark)
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"/metrics, /viva or /pronta", "text/plain")

        def do_POST(self) -> None:
            """One of `posts`."""
            take, size = (posts or {}).get(self.path), self.headers.get("Content-Length", "")
            if not take:
                self._say(HTTPStatus.NOT_FOUND)
            elif not size.isdecimal() or int(size) > _MOST_BYTES:
                self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._say(take(headers, self.rfile.read(int(size))))

        def _say(self, status: HTTPStatus, remark: str = "") -> None:
            said = "\n".join(filter(None, (status.phrase, remark)))
            self._answer(status, said.encode(), "text/plain; charset=utf-8")

        def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Requests are not logged."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server

"""What a worker counts, for Prometheus, and the truth about its health."""

import time
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pybreaker import CircuitBreaker, CircuitBreakerListener, CircuitBreakerState

from acude.payments.current_lists import CurrentLists
from acude.payments.notes import Notes
from acude.settings import HOST

_STUCK_S: Final = 10.0
_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)


class Metrics:
    """A worker's counters and its heartbeat."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.decisions = Counter("risco_decisoes", "Decisions", ["decisao", "tipo_pagamento"], registry=self.registry)
        self.reasons = Counter("risco_motivos", "Reasons given", ["motivo"], registry=self.registry)
        self.degraded = Counter("risco_degradadas", "Degraded decisions by cause", ["causa"], registry=self.registry)
        self.refused = Counter("risco_recusadas", "Records that are no payment", ["motivo"], registry=self.registry)
        self.repeated = Counter("risco_repetidas", "Payments that came again", registry=self.registry)
        self.latency = Histogram(
            "risco_latencia_segundos",
            "From the broker's taking a payment to its decision",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.batch = Histogram(
            "risco_lote_segundos", "A batch, from reading to commit", buckets=_BUCKETS, registry=self.registry
        )
        self.breakers = Gauge("risco_disjuntor_aberto", "1 where the breaker is open", ["nome"], registry=self.registry)
        self.lists_age = Gauge(
            "risco_listas_idade_segundos", "Since block and allow list were last read", registry=self.registry
        )
        self.unnoted = Gauge("risco_trilha_espera", "Events that wait for the trail", registry=self.registry)
        self._lists: CurrentLists | None = None
        self._beat = time.monotonic()
        self.ready = False
        self.notice = ""
        """What somebody should know though the worker is ready; `/pronta` says it."""

    def beat(self) -> None:
        """The worker's loop goes round."""
        self._beat = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the loop went round a moment ago."""
        return time.monotonic() - self._beat < _STUCK_S

    @property
    def readiness(self) -> str:
        """How old what the worker decides with is; an old list is no reason to decide nothing."""
        return "" if self._lists is None else f"listas: {self._lists.age_s:.1f} s\n"

    def watch_lists(self, lists: CurrentLists, notes: Notes) -> None:
        """Shows from now on how old the lists are, and what waits for the trail."""
        self._lists = lists
        self.lists_age.set_function(lambda: lists.age_s)
        self.unnoted.set_function(lambda: notes.waiting)

    def watch(self, breakers: Iterable[CircuitBreaker]) -> None:
        """Shows the breakers' states from now on."""
        for breaker in breakers:
            self.breakers.labels(breaker.name).set(0)
            breaker.add_listener(_Shown(self.breakers))


class _Shown(CircuitBreakerListener):
    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def state_change(
        self, cb: CircuitBreaker, old_state: CircuitBreakerState | None, new_state: CircuitBreakerState
    ) -> None:
        """A breaker opened or closed."""
        del old_state
        self._gauge.labels(cb.name).set(new_state.name == "open")


def serve(metrics: Metrics, port: int) -> ThreadingHTTPServer:
    """Answers `/metrics`, `/viva` and `/pronta` on loopback, in a thread; `shutdown()` ends it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """One of the three."""
            found = {"/viva": metrics.alive, "/pronta": metrics.alive and metrics.ready}
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, generate_latest(metrics.registry), CONTENT_TYPE_LATEST)
            elif self.path in found:
                status = HTTPStatus.OK if found[self.path] else HTTPStatus.SERVICE_UNAVAILABLE
                said = [status.phrase, *([metrics.notice] if metrics.notice else []), metrics.readiness]
                self._answer(status, "\n".join(said).encode(), "text/plain; charset=utf-8")
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"/metrics, /viva or /pronta", "text/plain")

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

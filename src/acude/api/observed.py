"""Each request: its trace id, its line in the log, its metrics."""

import logging
import time
from typing import Final

import structlog
from fastapi import Request
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acude.kafka.health import BUCKETS, Health
from acude.logs import TRACE
from acude.payments import trace_ids
from acude.payments.serde import TRACE_HEADER

log = logging.getLogger(__name__)

_DEFECT: Final = 500
_UNKNOWN: Final = "outra"
_ROUTES: Final = (("/transacoes", "POST"), ("/transacoes/{id_transacao}", "GET"))


class Metrics(Health):
    """The payment API's metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = Counter("porta_pedidos", "Requests", ["rota", "metodo", "situacao"], registry=self.registry)
        self.latency = Histogram(
            "porta_latencia_segundos", "From request to answer", ["rota"], buckets=BUCKETS, registry=self.registry
        )
        # From the start: Prometheus sees no rate where a series begins with its first event.
        for route, method in _ROUTES:
            self.latency.labels(route)
            for status in ("500", "503"):
                self.requests.labels(route, method, status)
        self.reads = Counter(
            "porta_leituras", "Decisions read, by where they were found", ["fonte"], registry=self.registry
        )
        self.waiting = Gauge("porta_esperando", "Requests that wait for a decision", registry=self.registry)


class Observed:
    """Middleware that gives each request its trace id, and logs and counts its outcome.

    Plain ASGI: a quarter of a request's CPU went into Starlette's `BaseHTTPMiddleware`, which gives each request tasks
    and streams of its own.

    Args:
        app: the application.
        metrics: counts the requests.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        trace = trace_ids.of_traceparent(request.headers.get(trace_ids.TRACEPARENT)) or trace_ids.drawn()
        request.state.trace = trace
        structlog.contextvars.bind_contextvars(**{TRACE: trace})
        began, status = time.monotonic(), _DEFECT

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[TRACE_HEADER.replace("_", "-")] = trace
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            _record(self._metrics, request, status, time.monotonic() - began)


def _record(metrics: Metrics, request: Request, status: int, seconds: float) -> None:
    # The route's pattern, never the path: ids are no labels, and a client can invent paths.
    route = getattr(request.scope.get("route"), "path", _UNKNOWN)
    method = request.method if route != _UNKNOWN else _UNKNOWN
    metrics.requests.labels(route, method, str(status)).inc()
    metrics.latency.labels(route).observe(seconds)
    about = {name: found for name in ("client", "payment") if (found := getattr(request.state, name, None))}
    log.info(
        "request", extra=about | {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
    )

"""Each request: its trace id, its line in the log, its metrics."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from fastapi import Request, Response
from prometheus_client import Counter, Gauge, Histogram

from acude.api.problems import trace_of
from acude.kafka.health import BUCKETS, Health
from acude.logs import TRACE
from acude.payments import trace_ids
from acude.payments.serde import TRACE_HEADER

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

_DEFECT: Final = 500
_UNKNOWN: Final = "outra"


class Metrics(Health):
    """The payment API's metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = Counter("porta_pedidos", "Requests", ["rota", "metodo", "situacao"], registry=self.registry)
        self.latency = Histogram(
            "porta_latencia_segundos", "From request to answer", ["rota"], buckets=BUCKETS, registry=self.registry
        )
        self.reads = Counter(
            "porta_leituras", "Decisions read, by where they were found", ["fonte"], registry=self.registry
        )
        self.waiting = Gauge("porta_esperando", "Requests that wait for a decision", registry=self.registry)


def observed(metrics: Metrics) -> Callable[[Request, Handler], Awaitable[Response]]:
    """A middleware that gives each request its trace id, and logs and counts its outcome."""

    async def middleware(request: Request, call_next: Handler) -> Response:
        request.state.trace = trace_ids.of_traceparent(request.headers.get(trace_ids.TRACEPARENT)) or trace_ids.drawn()
        structlog.contextvars.bind_contextvars(**{TRACE: trace_of(request)})
        began, status = time.monotonic(), _DEFECT
        try:
            response = await call_next(request)
            status = response.status_code
        finally:
            _record(metrics, request, status, time.monotonic() - began)
        response.headers[TRACE_HEADER.replace("_", "-")] = trace_of(request)
        return response

    return middleware


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

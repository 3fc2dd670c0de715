"""The payment API: `POST /transacoes`, `GET /transacoes/{id}`. A payment that is asked here goes through the topic."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import valkey.asyncio as valkey
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from limits import RateLimitItemPerSecond
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from acude.api import health, transactions
from acude.api.auth import Verifier
from acude.api.claims import Claims
from acude.api.decisions import Decisions
from acude.api.observed import Metrics, Observed
from acude.api.openapi import describe
from acude.api.outbox import Outbox
from acude.api.problems import ProblemError, bad_parameter, problem_response
from acude.api.rate import RateLimit
from acude.api.shedding import Fairness, Shedding
from acude.contracts.model import table
from acude.payments.audit_buffer import AuditBuffer
from acude.payments.reads import Reads
from acude.payments.reservations import Contents, Reservations
from acude.payments.serde import TOPIC
from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_VALKEY_PATIENCE_S = 0.25
_GATHER_S = 0.01
"""A payment waits a hundredth of a second, and shares the database's work with those that come meanwhile."""

KEEP_ALIVE_S = 75
"""How long an idle connection is kept. Load balancers close it sooner (AWS's after 60 s), so no request is on its way
when the API closes it."""


def create_app(config: Settings | None = None) -> FastAPI:
    """The application."""
    config = config or settings()
    app = FastAPI(title="Açude: pagamentos", version="1", lifespan=_lifespan(config), redirect_slashes=False)
    app.include_router(transactions.router(config))
    app.include_router(health.router())
    app.state.metrics = Metrics()
    app.add_middleware(Observed, metrics=app.state.metrics)
    app.state.fairness = Fairness(config.risk_most_waiting_client)
    app.add_middleware(
        Shedding,
        most=config.risk_most_waiting,
        within_s=config.risk_budget.total_seconds(),
        largest=table(f"topics.{TOPIC}").max_bytes,
    )
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(HTTPException)(_on_http_error)
    app.exception_handler(RequestValidationError)(_on_bad_parameter)
    app.exception_handler(Exception)(_on_defect)
    describe(app, config)
    return app


def _lifespan(config: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.verifier = Verifier(config)
        app.state.outbox = await run_in_threadpool(Outbox, config)
        app.state.decisions = Decisions(config, asyncio.get_running_loop(), app.state.metrics)
        await run_in_threadpool(app.state.decisions.follow)
        app.state.metrics.waiting.set_function(lambda: app.state.decisions.waiting)
        app.state.audit = AuditBuffer(config)
        app.state.reads = Reads(config)
        client = valkey.from_url(config.valkey_url.get_secret_value(), socket_timeout=_VALKEY_PATIENCE_S)
        reservations = Reservations(config, "acude-porta-reservas", _GATHER_S)
        app.state.metrics.need(app.state.outbox.thread, app.state.audit.thread, reservations.thread)
        app.state.claims, app.state.contents = Claims(client, reservations), Contents(config)
        agreed = RateLimitItemPerSecond(config.risk_rate_limit)
        app.state.rate = RateLimit(agreed, config.valkey_url.get_secret_value())
        yield
        app.state.metrics.release()
        await run_in_threadpool(app.state.decisions.stop)
        await run_in_threadpool(app.state.outbox.close)
        await run_in_threadpool(app.state.audit.close)
        await run_in_threadpool(app.state.reads.close)
        reservations.close()
        await app.state.rate.close()
        await client.aclose()

    return lifespan


async def _on_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, ProblemError)  # noqa: S101 - registered for it
    return problem_response(request, problem)


async def _on_http_error(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # noqa: S101 - registered for it
    found = ProblemError(
        problem.status_code, str(problem.detail), str(problem.detail), headers=dict(problem.headers or {})
    )
    return problem_response(request, found)


async def _on_bad_parameter(request: Request, problem: Exception) -> Response:
    del problem
    return problem_response(request, bad_parameter())


async def _on_defect(request: Request, problem: Exception) -> Response:
    log.error("defect", exc_info=problem)
    return problem_response(request, ProblemError(500, "Defect", "The platform failed; quote the trace id."))

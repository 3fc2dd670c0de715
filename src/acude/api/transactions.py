"""`/transacoes`: ask for a decision, and read it."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Request, Response, Security
from fastapi.responses import JSONResponse
from kafka.errors import KafkaError
from limits import RateLimitItemPerSecond
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from acude.api.auth import DECIDE, READ, READ_ALL, Caller, requires
from acude.api.claims import Claim
from acude.api.problems import ProblemError, documented, trace_of
from acude.contracts.decoder import Decoder
from acude.contracts.fields import Refused
from acude.contracts.json_schema import payload_schema
from acude.contracts.model import table
from acude.payments.wire import CLIENT_HEADER, TOPIC, TRACE_HEADER
from acude.settings import Settings

_ID: Final = r"^[A-Za-z0-9_.:@+-]{1,64}$"
_SEMANTIC: Final = frozenset({"documento_invalido", "tempo_absurdo"})
"""Refusals that no schema can tell."""


class DecisionBody(BaseModel):
    """A decision and why."""

    id_transacao: str
    decisao: str = Field(description="aprovar, revisar or negar")
    pontuacao: int = Field(description="Thousandths: 0 harmless, 1000 certainly fraud")
    motivos: list[str] = Field(description="Reason codes, the heaviest first")
    decidida_em: datetime
    transacao_em: datetime
    tipo_pagamento: str
    operacao: str
    valor: float = Field(description="Two decimals")
    moeda: str
    versao_regras: str
    versao_modelo: str
    degradado: bool = Field(description="Something that should have been asked did not answer in time")
    causas: list[str] = Field(description="What did not answer")
    latencia_ms: int
    id_rastro: str


class PendingBody(BaseModel):
    """The payment is taken, its decision is not there yet."""

    id_transacao: str
    situacao: str = "em_analise"
    id_rastro: str


def router(config: Settings) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["transacoes"])
    caller = requires(config)
    contract = table(f"topics.{TOPIC}")
    decoder = Decoder(contract)
    door = _Door(config, decoder)
    body = {"content": {"application/json": {"schema": payload_schema(contract)}}, "required": True}

    @routes.post(
        "/transacoes",
        responses={
            202: {"model": PendingBody, "description": "Taken; Location says where the decision will be"},
            **documented(400, 401, 403, 409, 413, 415, 422, 429, 503),
        },
        openapi_extra={"requestBody": body},
    )
    async def decide(
        request: Request,
        who: Annotated[Caller, Security(caller, scopes=[DECIDE])],
        idempotency_key: Annotated[str | None, Header(pattern=_ID)] = None,
    ) -> DecisionBody:
        """Ask for the decision on a payment; the same payment may be sent again and gets the same answer."""
        return await door.decide(request, who, idempotency_key)  # type: ignore[return-value]

    @routes.get(
        "/transacoes/{id_transacao}",
        responses={
            202: {"model": PendingBody, "description": "Taken, not decided yet"},
            **documented(400, 401, 403, 404, 429, 503),
        },
    )
    async def read(
        request: Request,
        who: Annotated[Caller, Security(caller, scopes=[READ, READ_ALL])],
        id_transacao: Annotated[str, Path(pattern=_ID)],
    ) -> DecisionBody:
        """The decision on a payment."""
        return await door.read(request, who, id_transacao)  # type: ignore[return-value]

    return routes


class _Door:
    def __init__(self, config: Settings, decoder: Decoder) -> None:
        self._decoder = decoder
        self._limit = RateLimitItemPerSecond(config.risk_rate_limit)
        self._most_waiting = config.risk_most_waiting
        self._budget_s = config.risk_budget.total_seconds()

    async def decide(self, request: Request, who: Caller, key: str | None) -> Response:
        began = time.monotonic()
        await self._admit(request, who)
        payload = await self._payload(request)
        fields = self._checked(payload)
        id_transacao, state = str(fields["id_transacao"]), request.app.state
        request.state.payment = id_transacao
        if key and await state.claims.claim("key", f"{who.client}:{key}", who.client, payload) is Claim.OTHER:
            raise ProblemError(409, "Key in use", "This Idempotency-Key was used for another payment.")
        claim = await state.claims.claim("id", id_transacao, who.client, payload)
        if claim is Claim.OTHER:
            raise ProblemError(409, "Id in use", "This id_transacao was used for another payment; draw a new one.")
        if claim is Claim.SAME:
            return await self._known(request, who, id_transacao)
        left = self._budget_s - (time.monotonic() - began)
        sends: list[Any] = []
        answer = await state.decisions.wait(
            id_transacao, left, lambda: sends.append(self._send(request, who, fields, payload))
        )
        if answer:
            return _answered(answer)
        if not sends[0].succeeded():
            # Whether the broker has it is not known: the next attempt sends it again, and it is still decided once.
            await state.claims.release("id", id_transacao)
            raise _unavailable("The broker has not taken the payment; send it again.")
        return _pending(request, id_transacao)

    async def read(self, request: Request, who: Caller, id_transacao: str) -> Response:
        await self._admit(request, who)
        request.state.payment = id_transacao
        return await self._known(request, who, id_transacao)

    async def _known(self, request: Request, who: Caller, id_transacao: str) -> Response:
        """The decision on a payment of the caller's, or that it is still to come."""
        state = request.app.state
        found, source = state.decisions.recent(id_transacao), "recente"
        if not found:
            source = "banco"
            try:
                found = await run_in_threadpool(state.store.decision, id_transacao)
            except (OperationalError, PoolTimeout) as problem:
                raise _unavailable("The decisions' database does not answer.") from problem
        state.metrics.reads.labels(source).inc()
        everybodys = READ_ALL in who.scopes
        if found and (everybodys or found.get("id_cliente") == who.client):
            return _answered(found)
        if not found and await state.claims.owner("id", id_transacao) == who.client:
            return _pending(request, id_transacao)
        raise ProblemError(404, "Not found", f"There is no payment {id_transacao} of yours.")

    async def _admit(self, request: Request, who: Caller) -> None:
        request.state.client = who.client
        if not await request.app.state.limiter.hit(self._limit, who.client):
            raise ProblemError(429, "Too many requests", f"Agreed are {self._limit}.", headers={"Retry-After": "1"})
        if request.app.state.decisions.waiting >= self._most_waiting:
            raise _unavailable("More payments wait than can be decided in time.")

    async def _payload(self, request: Request) -> bytes:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise ProblemError(415, "Not JSON", "Send application/json.")
        payload, most = b"", self._decoder.contract.max_bytes
        async for piece in request.stream():
            payload += piece
            if len(payload) > most:
                raise ProblemError(413, "Too large", f"A payment has at most {most} bytes.", "grande_demais")
        return payload

    def _checked(self, payload: bytes) -> dict[str, Any]:
        """The fields, where the payload is what the contract says."""
        try:
            return self._decoder.one(payload, datetime.now(UTC))
        except Refused as problem:
            found = problem.refusal
            status = 422 if found.reason in _SEMANTIC else 400
            raise ProblemError(status, "Not a payment", found.detail, found.reason) from None

    def _send(self, request: Request, who: Caller, fields: dict[str, Any], payload: bytes) -> Any:  # noqa: ANN401 - kafka-python's future
        headers = [(TRACE_HEADER, trace_of(request).encode()), (CLIENT_HEADER, who.client.encode())]
        try:
            return request.app.state.producer.send(TOPIC, payload, fields["id_pagador"].encode(), headers=headers)
        except KafkaError as problem:
            raise _unavailable("The broker does not take payments now.") from problem


def _answered(found: dict[str, Any]) -> Response:
    fields = found | {"decidida_em": found.get("decidida_em", found.get("timestamp"))}
    known = {name: fields[name] for name in DecisionBody.model_fields}
    return JSONResponse(DecisionBody.model_validate(known).model_dump(mode="json"))


def _pending(request: Request, id_transacao: str) -> Response:
    body = PendingBody(id_transacao=id_transacao, id_rastro=trace_of(request))
    return JSONResponse(body.model_dump(), 202, headers={"Location": f"/transacoes/{id_transacao}", "Retry-After": "1"})


def _unavailable(detail: str) -> ProblemError:
    return ProblemError(503, "Not available", detail, headers={"Retry-After": "1"})

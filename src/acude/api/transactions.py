"""`/transacoes`: ask for a decision, and read it."""

import time
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Path, Request, Response, Security
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from acude.api.auth import DECIDE, READ, READ_ALL, Caller, requires
from acude.api.claims import Claim, content_of
from acude.api.decisions import Answer
from acude.api.examples import DECISION, PENDING
from acude.api.openapi import payment_body
from acude.api.outbox import OutboxFullError, Sending
from acude.api.problems import HEADERS, ProblemError, documented, trace_of
from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens, tokens_of
from acude.contracts.fields import Refused
from acude.contracts.model import table
from acude.contracts.personal import without_documents
from acude.payments.audit_buffer import AuditBufferFullError
from acude.payments.audit_log import ACCESS, audit_event
from acude.payments.serde import CLIENT_HEADER, TOPIC, TRACE_HEADER
from acude.payments.store import AWAY
from acude.payments.trace_ids import ID
from acude.risk.decision import Verdict
from acude.settings import Settings

Id = Annotated[str, StringConstraints(pattern=f"^{ID.pattern}$")]
_SEMANTIC: Final = frozenset({"documento_invalido", "numero_de_cartao", "tempo_absurdo"})
"""Refusals that no schema can tell."""


class DecisionBody(BaseModel):
    """A decision and why."""

    model_config = ConfigDict(json_schema_extra={"example": DECISION})

    id_transacao: Id
    decisao: Verdict = Field(description="revisar: a person looks at it")
    pontuacao: int = Field(ge=0, le=1000, description="Thousandths: 0 harmless, 1000 certainly fraud")
    motivos: list[str] = Field(description="Reason codes, the heaviest first")
    decidida_em: datetime
    transacao_em: datetime
    tipo_pagamento: str
    operacao: str
    valor: float = Field(gt=0, description="Two decimals")
    moeda: str = Field(min_length=3, max_length=3)
    versao_regras: str
    versao_modelo: str = Field(description="nenhum: the rules alone")
    degradado: bool = Field(description="Something that should have been asked did not answer in time")
    causas: list[str] = Field(description="What did not answer")
    latencia_ms: int = Field(ge=0)
    id_rastro: str


class PendingBody(BaseModel):
    """The payment is taken, its decision is not there yet."""

    model_config = ConfigDict(json_schema_extra={"example": PENDING})

    id_transacao: Id
    situacao: Literal["em_analise"] = "em_analise"
    id_rastro: str


_READ_AGAIN: Final = {
    "ler": {"operationId": "ler", "parameters": {"id_transacao": "$response.body#/id_transacao"}},
}
_DECIDED: Final = {"description": "The decision", "links": _READ_AGAIN}
_TAKEN: Final = {
    "model": PendingBody,
    "description": "Taken; Location says where the decision will be",
    "headers": {name: HEADERS[name] for name in ("Location", "Retry-After")},
    "links": _READ_AGAIN,
}


def router(config: Settings) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["transacoes"])
    caller = requires(config)
    api = _PaymentApi(config)

    @routes.post(
        "/transacoes",
        operation_id="decidir",
        responses={200: _DECIDED, 202: _TAKEN, **documented(400, 401, 403, 408, 409, 413, 415, 422, 429, 503)},
        openapi_extra={"requestBody": payment_body()},
    )
    async def decide(
        request: Request,
        who: Annotated[Caller, Security(caller, scopes=[DECIDE])],
        idempotency_key: Annotated[
            Id | None, Header(description="Names this attempt; used again for another payment it is refused")
        ] = None,
    ) -> DecisionBody:
        """Ask for the decision on a payment; the same payment may be sent again and gets the same answer."""
        with request.app.state.fairness.one(who.client):
            return await api.decide(request, who, idempotency_key)  # type: ignore[return-value]

    @routes.get(
        "/transacoes/{id_transacao}",
        operation_id="ler",
        responses={200: _DECIDED, 202: _TAKEN, **documented(400, 401, 403, 404, 429, 503)},
    )
    async def read(
        request: Request,
        who: Annotated[Caller, Security(caller, scopes=[READ, READ_ALL])],
        id_transacao: Annotated[Id, Path(description="The shop's id of the payment")],
    ) -> DecisionBody:
        """The decision on a payment."""
        return await api.read(request, who, id_transacao)  # type: ignore[return-value]

    return routes


class _PaymentApi:
    def __init__(self, config: Settings) -> None:
        self._config = config
        self._budget_s = config.risk_budget.total_seconds()

    # Without its key the API can still say what it offers.
    @cached_property
    def _tokens(self) -> Tokens:
        return tokens_of(self._config)

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(table(f"topics.{TOPIC}"), self._tokens)

    async def decide(self, request: Request, who: Caller, key: str | None) -> Response:
        began = time.monotonic()
        await self._admit(request, who)
        decisions = request.app.state.decisions
        if not decisions.is_following:
            raise _unavailable("The broker does not answer.")
        if decisions.is_behind(self._budget_s / 2):
            raise _unavailable("More payments wait than can be decided in time.")
        payload = await self._payload(request)
        fields = self._checked(payload)
        id_transacao = str(fields["id_transacao"])
        request.state.payment = id_transacao
        if await self._claimed(request, who, key, fields) is Claim.SAME and (
            known := await self._repeated(request, who, id_transacao)
        ):
            return known
        return await self._sent(request, who, fields, payload, began)

    async def _claimed(self, request: Request, who: Caller, key: str | None, fields: dict[str, Any]) -> Claim:
        """What the claim of the payment's id met; an attempt that is refused leaves its key free for another."""
        if len(request.headers.getlist("idempotency-key")) > 1:
            raise ProblemError(400, "Bad request", "Send one Idempotency-Key.")
        claims, content, own = request.app.state.claims, content_of(fields), f"{who.client}:{key}"
        of_key = await claims.claim("key", own, who.client, content) if key else Claim.UNKNOWN
        if of_key is Claim.OTHER:
            raise ProblemError(409, "Key in use", "This Idempotency-Key was used for another payment.")
        found: Claim = await claims.claim("id", str(fields["id_transacao"]), who.client, content)
        if found is Claim.OTHER:
            if of_key is Claim.NEW:
                await claims.release("key", own)
            raise _id_in_use()
        return found

    async def read(self, request: Request, who: Caller, id_transacao: str) -> Response:
        await self._admit(request, who)
        # As the payment's own id was read.
        id_transacao = without_documents(id_transacao, self._tokens.of)
        request.state.payment = id_transacao
        found = await _decision(request, id_transacao)
        may = bool(found and (READ_ALL in who.scopes or _is_of(who, found)))
        _audit(request, who, id_transacao, given=may)
        if found and may:
            return _answered(found)
        if not found and await request.app.state.claims.owner("id", id_transacao) == who.client:
            return _pending(request, id_transacao)
        raise ProblemError(404, "Not found", f"There is no payment {id_transacao} of yours.")

    async def _repeated(self, request: Request, who: Caller, id_transacao: str) -> Response | None:
        """The answer to a payment that was asked for before; None where the broker may not have it.

        Then it is sent again: the request that came first may have failed before it sent it. It is still decided once.
        """
        found = await _decision(request, id_transacao)
        if found:
            _audit(request, who, id_transacao, given=_is_of(who, found))
        if found and not _is_of(who, found):
            raise _id_in_use()
        if found:
            return _answered(found)
        taken = await request.app.state.claims.owner("taken", id_transacao) == who.client
        return _pending(request, id_transacao) if taken else None

    async def _sent(
        self, request: Request, who: Caller, fields: dict[str, Any], payload: bytes, began: float
    ) -> Response:
        """Sends the payment and waits for its decision, as long as the budget lasts."""
        id_transacao, claims = str(fields["id_transacao"]), request.app.state.claims
        sends: list[Sending] = []
        left = self._budget_s - (time.monotonic() - began)
        try:
            answer = await request.app.state.decisions.wait(
                id_transacao, left, lambda: sends.append(_send(request, who, fields, payload))
            )
        except OutboxFullError:
            answer = None
        if answer:
            return _answered(answer)
        if not (sends and sends[0].taken):
            # Whether the broker has it is not known: the next attempt sends it again, and it is still decided once.
            await claims.release("id", id_transacao)
            raise _unavailable("The broker has not taken the payment; send it again.")
        await claims.claim("taken", id_transacao, who.client, content_of(fields))
        return _pending(request, id_transacao)

    async def _admit(self, request: Request, who: Caller) -> None:
        request.state.client = who.client
        rate = request.app.state.rate
        if not await rate.admits(who.client):
            raise ProblemError(429, "Too many requests", f"Agreed are {rate}.", headers={"Retry-After": "1"})

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


def _send(request: Request, who: Caller, fields: dict[str, Any], payload: bytes) -> Sending:
    headers = [(TRACE_HEADER, trace_of(request).encode()), (CLIENT_HEADER, who.client.encode())]
    sending: Sending = request.app.state.outbox.send(payload, fields["tipo_pagamento"], fields["id_pagador"], headers)
    return sending


async def _decision(request: Request, id_transacao: str) -> Answer | None:
    """The decision on a payment of any client.

    Raises:
        ProblemError: 503 where only the database can know, and does not answer.
    """
    state = request.app.state
    found: Answer | None = state.decisions.recent(id_transacao)
    state.metrics.reads.labels("recente" if found else "banco").inc()
    if found:
        return found
    try:
        return await run_in_threadpool(state.reads.decision, id_transacao)
    except AWAY as problem:
        raise _unavailable("The decisions' database does not answer.") from problem


def _is_of(who: Caller, found: Answer) -> bool:
    return found.get("id_cliente") == who.client


def _audit(request: Request, who: Caller, id_transacao: str, *, given: bool) -> None:
    """Writes the access to the audit log. A decision whose access can't be written is not given."""
    try:
        request.app.state.audit.add(
            audit_event(ACCESS, who.client, id_transacao, por="porta", entregue=given, id_rastro=trace_of(request))
        )
    except AuditBufferFullError as problem:
        raise _unavailable("The audit log can't be written.") from problem


def _answered(found: dict[str, Any]) -> Response:
    fields = found | {"decidida_em": found.get("decidida_em", found.get("timestamp"))}
    known = {name: fields[name] for name in DecisionBody.model_fields}
    return JSONResponse(DecisionBody.model_validate(known).model_dump(mode="json"))


def _pending(request: Request, id_transacao: str) -> Response:
    body = PendingBody(id_transacao=id_transacao, id_rastro=trace_of(request))
    return JSONResponse(body.model_dump(), 202, headers={"Location": f"/transacoes/{id_transacao}", "Retry-After": "1"})


def _id_in_use() -> ProblemError:
    return ProblemError(409, "Id in use", "This id_transacao was used for another payment; draw a new one.")


def _unavailable(detail: str) -> ProblemError:
    return ProblemError(503, "Not available", detail, headers={"Retry-After": "1"})

"""`/transacoes`: ask for a decision, and read it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from fastapi import APIRouter, Header, Path, Request, Response, Security
from starlette.concurrency import run_in_threadpool

from acude.api.answers import DecisionBody, Id, PendingBody, answer_to, answered, id_in_use, is_on, pending
from acude.api.auth import DECIDE, READ, READ_ALL, Caller, requires
from acude.api.claims import Claim, ClaimsError
from acude.api.decisions import Answer
from acude.api.openapi import payment_body
from acude.api.outbox import OutboxFullError, Sending
from acude.api.problems import HEADERS, ProblemError, documented, too_slow, trace_of
from acude.api.reading import DecidingRoute, payload_of
from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens, tokens_of
from acude.contracts.fields import Refused
from acude.contracts.model import table
from acude.contracts.personal import has_number, without_documents
from acude.contracts.refusals import TimeBounds
from acude.payments.audit_buffer import AuditBufferFullError
from acude.payments.audit_log import ACCESS, audit_event
from acude.payments.reservations import ID, KEY, Wanted
from acude.payments.serde import CLIENT_HEADER, TOPIC, TRACE_HEADER
from acude.payments.store import AWAY
from acude.settings import Settings

C = TypeVar("C")
T = TypeVar("T")
_SEMANTIC: Final = frozenset({"documento_invalido", "numero_de_cartao", "tempo_absurdo"})
"""Refusals that no schema can tell."""


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
    routes, deciding = APIRouter(tags=["transacoes"]), APIRouter(route_class=DecidingRoute)
    caller = requires(config)
    api = _PaymentApi(config)

    @deciding.post(
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

    routes.include_router(deciding)

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


_CONFLICT: Final = 409
_A_MOMENT: Final = timedelta(seconds=10)


class _Claimed(NamedTuple):
    """A payment's id, what its claim met, and the claims that this attempt was the first to make."""

    own: Wanted
    found: Claim
    fresh: list[Wanted]


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
        return Decoder(table(f"topics.{TOPIC}").for_clients(), self._tokens)

    async def decide(self, request: Request, who: Caller, key: str | None) -> Response:
        # Before the first byte of the body: its way here and the decision share the budget.
        began = request.state.began
        await self._admit(request, who)
        decisions = request.app.state.decisions
        if not decisions.is_following:
            raise _unavailable("The broker does not answer.")
        if decisions.is_behind(self._budget_s / 2):
            raise _unavailable("More payments wait than can be decided in time.")
        payload = await payload_of(request, self._decoder.contract.max_bytes)
        fields = self._checked(payload)
        request.state.payment = str(fields["id_transacao"])
        own, found, fresh = await self._claimed(request, who, key, fields)
        try:
            if found is Claim.SAME and (known := await self._repeated(request, own, fields)):
                return known
            left = self._budget_s - (time.monotonic() - began)
            if left <= 0:
                await _release(request, fresh)
                raise too_slow("Nothing is left of the payment's time. It was not sent; send it again.")
            return await self._sent(request, own, fields, payload, left)
        except OutboxFullError:
            await _release(request, fresh)
            raise _not_taken() from None
        except ProblemError as refused:
            if refused.status == _CONFLICT:
                # It may have been sent, so its id stays claimed.
                await _release(request, [one for one in fresh if one.kind == KEY])
            raise

    async def _claimed(self, request: Request, who: Caller, key: str | None, fields: dict[str, Any]) -> _Claimed:
        """What the payment's claim met; an attempt that is refused leaves its key free for another."""
        claims, content = request.app.state.claims, request.app.state.contents.of(fields)
        # Of a key that holds somebody's number a token is kept.
        of_key = Wanted(who.client, self._tokens.of(key) if key and has_number(key) else key or "", KEY, content)
        own = Wanted(who.client, str(fields["id_transacao"]), ID, content)
        try:
            met_by_key = await claims.claim(of_key) if key else Claim.SAME
            if met_by_key is Claim.OTHER:
                raise ProblemError(409, "Key in use", "This Idempotency-Key was used for another payment.")
            found = await claims.claim(own)
        except ClaimsError as problem:
            raise _unavailable("Neither database nor memory says whether the payment was sent before.") from problem
        if found is Claim.OTHER:
            if met_by_key is Claim.NEW:
                await claims.release(of_key)
            raise id_in_use()
        met = ((of_key, met_by_key), (own, found))
        return _Claimed(own, found, [one for one, how in met if how is Claim.NEW])

    async def read(self, request: Request, who: Caller, id_transacao: str) -> Response:
        await self._admit(request, who)
        # As the payment's own id was read.
        id_transacao = without_documents(id_transacao, self._tokens.of)
        request.state.payment = id_transacao
        found = await _decision(request, id_transacao, who.client)
        if not found and READ_ALL in who.scopes:
            found = await _decision(request, id_transacao, None)
        _audit(request, who.client, id_transacao, given=found is not None)
        if found:
            return answered(found)
        if await _of_the_database(request.app.state.reads.is_reserved, id_transacao, who.client):
            return pending(request, id_transacao)
        raise ProblemError(404, "Not found", f"There is no payment {id_transacao} of yours.")

    async def _repeated(self, request: Request, own: Wanted, fields: dict[str, Any]) -> Response | None:
        """The answer to a payment that was asked for before; None where the broker may not have it.

        Then it is sent again: the request that came first may have failed before it sent it. It is still decided once.
        """
        found = await _decision(request, own.name, own.client)
        if found:
            _audit(request, own.client, own.name, given=is_on(fields, found))
            return answer_to(fields, found)
        return pending(request, own.name) if await request.app.state.claims.is_taken(own) else None

    async def _sent(
        self, request: Request, own: Wanted, fields: dict[str, Any], payload: bytes, left_s: float
    ) -> Response:
        """Sends the payment and waits for its decision, for what is left of the budget.

        Raises:
            OutboxFullError: nothing was sent.
        """
        claims = request.app.state.claims
        sends: list[Sending] = []
        answer = await request.app.state.decisions.wait(
            own[:2], left_s, lambda: sends.append(_send(request, own.client, fields, payload))
        )
        if answer:
            return answer_to(fields, answer)
        if not (sends and sends[0].taken):
            # Whether the broker has it is not known, so its id stays its own: the next attempt sends it again.
            raise _not_taken()
        await claims.note_taken(own)
        return pending(request, own.name)

    async def _admit(self, request: Request, who: Caller) -> None:
        request.state.client = who.client
        rate = request.app.state.rate
        if not await rate.admits(who.client):
            raise ProblemError(429, "Too many requests", f"Agreed are {rate}.", headers={"Retry-After": "1"})

    def _checked(self, payload: bytes) -> dict[str, Any]:
        """The fields, where the payload is what the contract says."""
        now, contract = datetime.now(UTC), self._decoder.contract
        bounds, name = TimeBounds(contract.ahead, contract.behind), contract.event_time or ""
        try:
            fields = self._decoder.one(payload, now)
            # The broker, whose time counts, takes it later, and by a clock of its own.
            for taken_at in (now - _A_MOMENT, now + _A_MOMENT):
                bounds.refuse(name, fields[name], taken_at)
        except Refused as problem:
            found = problem.refusal
            status = 422 if found.reason in _SEMANTIC else 400
            raise ProblemError(status, "Not a payment", found.detail, found.reason) from None
        return fields


def _send(request: Request, client: str, fields: dict[str, Any], payload: bytes) -> Sending:
    headers = [(TRACE_HEADER, trace_of(request).encode()), (CLIENT_HEADER, client.encode())]
    sending: Sending = request.app.state.outbox.send(payload, fields["tipo_pagamento"], fields["id_pagador"], headers)
    return sending


async def _decision(request: Request, id_transacao: str, client: str | None) -> Answer | None:
    """The decision on a payment of this client's, or with None of anybody's.

    Raises:
        ProblemError: 503 where only the database can know, and does not answer.
    """
    state = request.app.state
    found: Answer | None = state.decisions.recent(id_transacao, client)
    state.metrics.reads.labels("recente" if found else "banco").inc()
    return found or await _of_the_database(state.reads.decision, id_transacao, client)


async def _of_the_database(question: Callable[[str, C], T], id_transacao: str, client: C) -> T:
    try:
        return await run_in_threadpool(question, id_transacao, client)
    except AWAY as problem:
        raise _unavailable("The decisions' database does not answer.") from problem


def _audit(request: Request, client: str, id_transacao: str, *, given: bool) -> None:
    """Writes the access to the audit log. A decision whose access can't be written is not given."""
    try:
        request.app.state.audit.add(
            audit_event(ACCESS, client, id_transacao, por="porta", entregue=given, id_rastro=trace_of(request))
        )
    except AuditBufferFullError as problem:
        raise _unavailable("The audit log can't be written.") from problem


async def _release(request: Request, claimed: list[Wanted]) -> None:
    for one in claimed:
        await request.app.state.claims.release(one)


def _not_taken() -> ProblemError:
    return _unavailable("The broker has not taken the payment; send it again.")


def _unavailable(detail: str) -> ProblemError:
    return ProblemError(503, "Not available", detail, headers={"Retry-After": "1"})

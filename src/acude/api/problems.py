"""Errors as problem+json (RFC 9457), each with the trace id that its request has in logs and stores."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from acude.masking import masked

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """What a client gets instead of an answer."""

    type: str = Field(description="Names the kind of problem; `about:blank` where the status says it all")
    title: str
    status: int
    detail: str = Field(description="What was expected, what was found, what to do next")
    motivo: str | None = Field(None, description="Reason code of a refused payload, the same as in quarantine")
    id_rastro: str = Field(description="Quote it to whoever runs the platform")


class ProblemError(Exception):
    """An answer that is no success.

    Args:
        status: HTTP's.
        title: the kind in a few words.
        detail: a sentence for whoever called.
        reason: reason code of a refused payload.
        headers: on top, as `Retry-After`.
    """

    def __init__(
        self, status: int, title: str, detail: str, reason: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.reason = reason
        self.headers = headers or {}


def trace_of(request: Request) -> str:
    """The request's trace id."""
    return str(getattr(request.state, "trace", "-"))


def problem_response(request: Request, problem: ProblemError) -> JSONResponse:
    """The problem as HTTP says it."""
    body = ProblemBody(
        type="about:blank",
        title=problem.title,
        status=problem.status,
        # A parser's sentence may quote what was sent.
        detail=masked(problem.detail),
        motivo=problem.reason,
        id_rastro=trace_of(request),
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for these problems."""
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {status: {"description": _MEANS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses}


_MEANS = {
    400: "The payload is no payment; `motivo` says why",
    401: "No token, or one that is not valid here",
    403: "The token lacks the scope",
    404: "No such payment of yours",
    409: "The id or key was used for another payment",
    413: "The payload is too large",
    415: "The payload is not JSON",
    422: "The payload has the form of a payment, but can't be one",
    429: "More requests than agreed; see Retry-After",
    503: "The platform can't take payments now; see Retry-After",
}

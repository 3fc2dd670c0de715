"""Errors as problem+json (RFC 9457), each with the trace id that its request has in logs and stores."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from acude.masking import masked
from acude.payments.serde import TRACE_HEADER

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """What a client gets instead of an answer."""

    type: str = Field(description="Names the kind of problem; `about:blank` where the status says it all")
    title: str
    status: int
    detail: str = Field(description="What was expected, what was found, what to do next")
    motivo: str | None = Field(None, description="Reason code of a refused payload, the same as in quarantine")
    id_rastro: str = Field(description="Quote it to the platform's operator")


class ProblemError(Exception):
    """An answer that is no success.

    Args:
        status: HTTP's.
        title: the kind in a few words.
        detail: a sentence for the caller.
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


def bad_parameter() -> ProblemError:
    """A parameter outside its contract."""
    return ProblemError(400, "Bad request", "A parameter is not as OpenAPI describes it.")


def too_slow(detail: str, headers: dict[str, str] | None = None) -> ProblemError:
    """The payment's time was over before anything was sent."""
    return ProblemError(408, "Too slow", detail, headers={"Retry-After": "1", **(headers or {})})


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
    # Here too: a defect's answer passes no middleware.
    headers = {TRACE_HEADER.replace("_", "-"): body.id_rastro, **problem.headers}
    return JSONResponse(body.model_dump(exclude_none=True), problem.status, headers=headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for these problems and for a defect of the platform's."""
    return {status: _documented(status) for status in (*statuses, 500)}


def _documented(status: int) -> dict[str, Any]:
    title, means, reason = _MEANS[status]
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    example = {"type": "about:blank", "title": title, "status": status, "detail": means, "id_rastro": EXAMPLE_TRACE}
    if reason:
        example["motivo"] = reason
    return {
        "description": means,
        "headers": {name: HEADERS[name] for name in _HEADERS_OF.get(status, ())},
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


EXAMPLE_TRACE: Final = "9f86d081884c7d659a2feaa0c55ad015"
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Retry-After": {
        "description": "Seconds after which it is worth asking again",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "WWW-Authenticate": {
        "description": "The challenge of RFC 6750",
        "required": True,
        "schema": {"type": "string"},
        "example": 'Bearer realm="acude"',
    },
    "Location": {
        "description": "Where the decision will be",
        "required": True,
        "schema": {"type": "string"},
        "example": "/transacoes/t-1",
    },
}
"""Headers of answers, as OpenAPI says them."""

_HEADERS_OF: Final = {401: ("WWW-Authenticate",), 408: ("Retry-After",), 429: ("Retry-After",), 503: ("Retry-After",)}
_MEANS: Final = {
    400: (
        "Not a payment",
        "What was sent is not as described here; `motivo` says why a payload is no payment",
        "valor_invalido",
    ),
    401: ("Not authorised", "No token, or one that is not valid here", None),
    403: ("Not allowed", "The token lacks the scope", None),
    404: ("Not found", "No such payment of yours", None),
    408: ("Too slow", "The payment's time was over before it could be sent: its body came late", None),
    409: ("Id in use", "The id or key was used for another payment", None),
    413: ("Too large", "The payload is too large", "grande_demais"),
    415: ("Not JSON", "The payload is not JSON", None),
    422: ("Not a payment", "The payload has the form of a payment, but can't be one", "documento_invalido"),
    429: ("Too many requests", "More requests than agreed; see Retry-After", None),
    500: ("Defect", "The platform failed; quote the trace id", None),
    503: ("Not available", "The platform can't take payments now; see Retry-After", None),
}

"""Answers of `/transacoes`: the decision, or that it is not there yet."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from acude.api.examples import DECISION, PENDING
from acude.api.problems import ProblemError, trace_of
from acude.payments.trace_ids import ID
from acude.risk.decision import Verdict

_ALSO_OF_THE_DECISION: Final = ("valor", "moeda", "tipo_pagamento", "operacao", "id_pagador")

Id = Annotated[str, StringConstraints(pattern=f"^{ID.pattern}$")]


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


def is_on(fields: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether a decision is on this very payment; its id alone does not say so."""
    said = {"transacao_em": fields["timestamp"]} | {name: fields[name] for name in _ALSO_OF_THE_DECISION}
    return all(found[name] == value for name, value in said.items())


def answer_to(fields: dict[str, Any], found: dict[str, Any]) -> Response:
    """The decision as the answer to this payment.

    Raises:
        ProblemError: 409, it is on another one.
    """
    if not is_on(fields, found):
        raise id_in_use()
    return answered(found)


def answered(found: dict[str, Any]) -> Response:
    """A decision, of the topic or of the database."""
    fields = found | {"decidida_em": found.get("decidida_em", found.get("timestamp"))}
    known = {name: fields[name] for name in DecisionBody.model_fields}
    return Response(DecisionBody.model_validate(known).model_dump_json(), media_type=JSONResponse.media_type)


def pending(request: Request, id_transacao: str) -> Response:
    """The payment is known, and not decided yet."""
    body = PendingBody(id_transacao=id_transacao, id_rastro=trace_of(request))
    return JSONResponse(body.model_dump(), 202, headers={"Location": f"/transacoes/{id_transacao}", "Retry-After": "1"})


def id_in_use() -> ProblemError:
    """The client has another payment under this id."""
    return ProblemError(409, "Id in use", "This id_transacao was used for another payment; draw a new one.")

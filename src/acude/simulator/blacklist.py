"""The external list of documents, simulated: `python -m acude.simulator.blacklist`. It can misbehave in every way.

    POST /consultas   {"documentos": ["52998224725", ...]} -> {"listados": [...]}
    PUT  /modo        {"modo": "lento"}: how it behaves from now on
    GET  /saude       never fails

A document is listed where it is a multiple of `ONE_IN`, read as a number of base 36, so that tests know the answer.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator
from enum import StrEnum
from itertools import count
from typing import Annotated

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel, Field

from acude import logs
from acude.http_server import serve_http
from acude.settings import settings
from acude.simulator.partners import partner_app

ONE_IN = 997
_SLOW_S = 5.0
_HUGE = 64
_PACKED = gzip.compress(b'{"listados": []}')


class Mode(StrEnum):
    """How the list behaves."""

    UP = "normal"
    SLOW = "lento"
    DRIPPING = "gotejante"
    FLAPPING = "intermitente"
    BROKEN = "quebrado"
    WRONG = "errado"
    HUGE = "enorme"
    PACKED = "comprimido"
    REDIRECTING = "desviado"


class Behaviour(BaseModel):
    """The body of `PUT /modo`."""

    modo: Mode


Document = Annotated[str, Field(pattern="^[0-9A-Za-z]{1,64}$")]


class Question(BaseModel):
    """The body of `POST /consultas`."""

    documentos: list[Document]


def is_listed(document: str) -> bool:
    """Whether the simulated list has this document.

    >>> is_listed("52998224725")
    False
    """
    return int(document, 36) % ONE_IN == 0


def api() -> FastAPI:
    """The application."""
    app = partner_app("Lista de documentos", settings().listens_to)
    app.state.mode = Mode.UP
    asked = count()

    @app.put("/modo")
    async def behave(wanted: Behaviour) -> Behaviour:
        app.state.mode = wanted.modo
        return wanted

    @app.post("/consultas")
    async def answer(request: Request, question: Question) -> Response:
        mode: Mode = app.state.mode
        if mode is Mode.FLAPPING:
            mode = Mode.UP if next(asked) % 2 else Mode.BROKEN
        return await _behaving(mode, request, question)

    return app


async def _behaving(mode: Mode, request: Request, question: Question) -> Response:
    good = {"listados": [one for one in question.documentos if is_listed(one)]}
    match mode:
        case Mode.SLOW:
            await asyncio.sleep(_SLOW_S)
        case Mode.BROKEN:
            return JSONResponse({"erro": "fora do ar"}, 503)
        case Mode.WRONG:
            return JSONResponse({"listados": ["talvez"]})
        case Mode.REDIRECTING:
            return RedirectResponse(str(request.url_for("health")), 302)
        case Mode.PACKED:
            return Response(_PACKED, headers={"Content-Encoding": "gzip"}, media_type="application/json")
        case Mode.DRIPPING | Mode.HUGE:
            pieces = _drops() if mode is Mode.DRIPPING else (b" " * 1_000_000 for _ in range(_HUGE))
            return StreamingResponse(pieces, media_type="application/json")
        case _:
            pass
    return JSONResponse(good)


async def _drops() -> AsyncIterator[bytes]:
    for sign in b'{"listados": []}':
        yield bytes([sign])
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    logs.configure("blacklist", settings().log_level)
    serve_http(api(), settings().blacklist_port, log_config=None)

"""The webhook's recipient, simulated: `python -m acude.simulator.receiver`. It checks signatures and can misbehave.

POST /avisos     as Standard Webhooks; 401 for a wrong signature, 400 for one that is too old or signs no message
PUT  /modo       {"modo": "quebrado"}: how it behaves from now on
GET  /recebidos  what was taken, the newest last: {"id", "vezes", "tipo", "dados"}
GET  /saude      never fails
"""

import asyncio
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from acude import logs
from acude.http_server import serve_http
from acude.payments.webhook import key_of, signature
from acude.settings import Settings, settings
from acude.simulator.partners import partner_app

_MOST_KEPT: Final = 1_000
_LONGEST_AGO_S: Final = 300
_SLOW_S: Final = 5.0
_SECONDS: Final = re.compile("[0-9]{1,12}")


class Mode(StrEnum):
    """How the receiver behaves."""

    UP = "normal"
    SLOW = "lento"
    BROKEN = "quebrado"
    GONE = "fechado"


class Behaviour(BaseModel):
    """The body of `PUT /modo`."""

    modo: Mode


def api(config: Settings) -> FastAPI:
    """The application."""
    app = partner_app("Avisos", config.listens_to)
    app.state.mode = Mode.UP
    taken: OrderedDict[str, dict[str, Any]] = OrderedDict()
    key = key_of(config.webhook_secret.get_secret_value())

    @app.put("/modo")
    async def behave(wanted: Behaviour) -> Behaviour:
        app.state.mode = wanted.modo
        return wanted

    @app.get("/recebidos")
    async def received() -> Response:
        return _shown(list(taken.values()))

    @app.post("/avisos")
    async def take(request: Request) -> Response:
        if (status := await _misbehaving(app.state.mode)) or (status := _wrong(request, key, await request.body())):
            return Response(status_code=status)
        name, said = request.headers["webhook-id"], _said(await request.body())
        if said is None:
            return Response(status_code=400)
        entry = taken.setdefault(name, {"id": name, "vezes": 0, **said})
        entry |= {"vezes": entry["vezes"] + 1, "rastro": request.headers.get("traceparent", "")}
        while len(taken) > _MOST_KEPT:
            taken.popitem(last=False)
        return Response(status_code=204)

    return app


async def _misbehaving(mode: Mode) -> int:
    """The status of a recipient that refuses; 0: it accepts."""
    if mode is Mode.SLOW:
        await asyncio.sleep(_SLOW_S)
    return {Mode.BROKEN: 503, Mode.GONE: 410}.get(mode, 0)


def _wrong(request: Request, key: bytes, body: bytes) -> int:
    """The status for a request with a wrong or an old signature; 0: the signature is right."""
    found = {name: request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")}
    expected = signature(key, found["id"], found["timestamp"], body)
    if not hmac.compare_digest(found["signature"].encode(), expected.encode()):
        return 401
    if not found["id"] or not _SECONDS.fullmatch(found["timestamp"]):
        return 400
    return 0 if abs(time.time() - int(found["timestamp"])) <= _LONGEST_AGO_S else 400


def _said(body: bytes) -> dict[str, Any] | None:
    """A message's `tipo` and `dados`; None where the body is none."""
    with suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
        found = orjson.loads(body)
        # Raises where it is nested too deep to be shown again.
        _shown([found])
        if isinstance(found, dict) and found.keys() == {"tipo", "dados"}:
            return found
    return None


def _shown(entries: Sequence[dict[str, Any]]) -> Response:
    return Response(orjson.dumps(entries), media_type="application/json")


if __name__ == "__main__":
    logs.configure("webhook-receiver", settings().log_level)
    serve_http(api(settings()), settings().receiver_port, log_config=None)

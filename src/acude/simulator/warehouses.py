"""The warehouses' REST API: `python -m acude.simulator.warehouses`. It answers, and now and then it doesn't.

    GET /saude                                              never fails
    GET /armazens                                           the warehouses' ids
    GET /armazens/{id}/atualizacoes?cursor=...&limite=...   updates behind the cursor, oldest first

A cursor is never used up: the same cursor gives the same updates, also after a restart. Without one the answer begins
with the oldest update that the warehouse offers (`--start`).
"""

import asyncio
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from fastapi import FastAPI, HTTPException, Query
from fastapi.middleware.trustedhost import TrustedHostMiddleware

from acude.http_server import serve_http
from acude.settings import settings
from acude.simulator.stock import WAREHOUSES, Stock, as_json

MOST = 500
_CURSOR = re.compile("n[0-9]{1,18}")
_SLOW_S = 1.0
_HANGS_S = 30.0


@dataclass(frozen=True)
class Offer:
    """What the API offers: updates from `start` to `end` (UTC; None: the real clock); `failures` is a share, 0 to 1."""

    stock: Stock
    start: datetime
    end: datetime | None = None
    failures: float = 0.05
    seed: int = 7


def api(offer: Offer) -> FastAPI:
    """The application."""
    app = FastAPI(title="Armazéns", docs_url=None, redoc_url=None, redirect_slashes=False)
    # A page in a browser reaches loopback, too, under its own name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings().listens_to)
    rng = random.Random(f"armazens:{offer.seed}")  # noqa: S311

    @app.get("/saude")
    async def health() -> dict[str, str]:
        return {"estado": "ok"}

    @app.get("/armazens")
    async def warehouses() -> dict[str, list[str]]:
        await _fail_now_and_then(rng, offer.failures)
        return {"armazens": list(WAREHOUSES)}

    @app.get("/armazens/{id_armazem}/atualizacoes")
    async def updates(
        id_armazem: str, cursor: str | None = None, limite: Annotated[int, Query(ge=1, le=MOST)] = 100
    ) -> dict[str, Any]:
        if id_armazem not in WAREHOUSES:
            raise HTTPException(404, f"no warehouse {id_armazem!r}; there are {', '.join(WAREHOUSES)}")
        first = _position(cursor, offer)
        await _fail_now_and_then(rng, offer.failures)
        now = offer.end or datetime.now(UTC)
        found = offer.stock.updates(id_armazem, first, now, limite)
        following = first + len(found)
        return {
            "atualizacoes": [as_json(update) for update in found],
            "proximo_cursor": f"n{following}",
            "mais": following < offer.stock.number_at(now),
        }

    return app


def _position(cursor: str | None, offer: Offer) -> int:
    """The number of the first update behind a cursor."""
    if cursor is None:
        return offer.stock.number_at(offer.start)
    if not _CURSOR.fullmatch(cursor):
        raise HTTPException(400, f"cursor {cursor!r} is none of ours; send the last proximo_cursor, or none to begin")
    first = int(cursor[1:])
    if first > offer.stock.number_at(offer.end or datetime.now(UTC)):
        # Silence would look like a quiet warehouse.
        raise HTTPException(
            400, f"cursor {cursor!r} lies ahead of this warehouse's clock; was it kept from another one?"
        )
    return first


async def _fail_now_and_then(rng: random.Random, share: float) -> None:
    """An error, a pause, or a silence longer than any client waits."""
    if rng.random() >= share:
        return
    kind = rng.choice(("500", "503", "slow", "hangs"))
    if kind == "500":
        raise HTTPException(500, "the warehouse's own database doesn't answer")
    if kind == "503":
        raise HTTPException(503, "maintenance", headers={"Retry-After": "1"})
    await asyncio.sleep(_SLOW_S if kind == "slow" else _HANGS_S)


def serve(
    *,
    port: Annotated[int | None, typer.Option(help="Default: ACUDE_WAREHOUSES_PORT.")] = None,
    seed: Annotated[int, typer.Option(help="Decides levels and failures.")] = 7,
    every_s: Annotated[float, typer.Option(help="Seconds between two updates of a warehouse.")] = 2.0,
    start: Annotated[
        datetime | None, typer.Option(help="First update offered (UTC). Default: ten minutes ago.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(help="Let the clock stand here (UTC). Default: the real clock.")
    ] = None,
    failures: Annotated[float, typer.Option(min=0, max=1, help="Share of the requests that fail.")] = 0.05,
) -> None:
    """Serve the warehouses' API on loopback until SIGTERM or Ctrl-C."""
    stock = Stock(seed, timedelta(seconds=every_s))
    first = start.replace(tzinfo=UTC) if start else datetime.now(UTC) - timedelta(minutes=10)
    offer = Offer(stock, first, end.replace(tzinfo=UTC) if end else None, failures, seed)
    # A client that waits for a hanging answer must not hold up the end.
    serve_http(api(offer), port or settings().warehouses_port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    typer.run(serve)

"""What the simulated partners' servers share."""

from collections.abc import Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse


def partner_app(title: str, hosts: Sequence[str]) -> FastAPI:
    """An application that says at `/saude` that it is there, and refuses bodies without quoting them.

    Args:
        title: of its document.
        hosts: names under which it answers. A page in a browser reaches loopback, too, under its own name.
    """
    app = FastAPI(title=title, docs_url=None, redoc_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    @app.exception_handler(RequestValidationError)
    async def unfit(_: Request, __: Exception) -> Response:
        # FastAPI quotes the body, and fails where UTF-8 can't.
        return JSONResponse({"detail": "The body is not what this address takes."}, 422)

    @app.get("/saude")
    async def health() -> dict[str, str]:
        return {"estado": "ok"}

    return app

"""How the simulated servers refuse a body."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


def refuse_plainly(app: FastAPI) -> None:
    """Has a body that is none answered without its content: FastAPI quotes it, and fails where UTF-8 can't."""

    @app.exception_handler(RequestValidationError)
    async def unfit(_: Request, __: Exception) -> Response:
        return JSONResponse({"detail": "The body is not what this address takes."}, 422)

"""AWS JSON 1.1 over HTTP: one path, the operation in the header X-Amz-Target, every request signed."""

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from acude.athena.api import Api
from acude.athena.errors import ApiError
from acude.athena.model import response
from acude.athena.signature import Received, Signatures

_LOG = logging.getLogger(__name__)
_PREFIX = "AmazonAthena."
_LONGEST_BODY = 2 * 2**20
"""Bytes; read before the signature can be checked. A statement has at most 256 KB."""
_MEDIA = "application/x-amz-json-1.1"


def create_app(api: Api, signatures: Signatures, close: Callable[[], None]) -> FastAPI:
    """The server.

    Args:
        api: The operations.
        signatures: Says which requests are taken.
        close: Called at the end; stops the queries.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(close)

    app = FastAPI(title="Athena on one machine", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/")
    async def operate(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LONGEST_BODY:
                return Response(status_code=413)
        try:
            url = str(request.url)
        except UnicodeDecodeError:  # no client spells a query string so
            return Response(status_code=400)
        received = Received(request.method, url, request.headers.items(), body)
        return await run_in_threadpool(_answer, api, signatures, received)

    return app


def _answer(api: Api, signatures: Signatures, received: Received) -> Response:
    operation = received.header("x-amz-target").removeprefix(_PREFIX)
    headers = {"x-amzn-requestid": str(uuid.uuid4())}
    try:
        signatures.check(received)
        return Response(response(api.operate(operation, received.body)), 200, headers, _MEDIA)
    except ApiError as refused:
        error = refused
    except (ClientError, BotoCoreError) as failed:
        error = ApiError(str(failed), "MetadataException")
    except Exception:  # noqa: BLE001 - one request must not take the server down
        _LOG.exception("operation %s", operation)
        error = ApiError("The local Athena endpoint failed; its log says where", "InternalServerException", 500)
    message = str(error)
    content = {"__type": error.code, "message": message, "Message": message, "AthenaErrorCode": "INVALID_INPUT"}
    return Response(response(content), error.status, headers | {"x-amzn-errortype": error.code}, _MEDIA)

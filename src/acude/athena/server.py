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
_MEDIA = "application/x-amz-json-1.1"
_MOST_BYTES = 2 * 1024 * 1024
"""Of a request: the longest statement, with every character escaped."""


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
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return _error(ApiError(f"The request has more than {_MOST_BYTES} bytes", status=413))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        received = Received(request.method, str(request.url), headers, bytes(body))
        return await run_in_threadpool(_answer, api, signatures, received)

    return app


def _answer(api: Api, signatures: Signatures, received: Received) -> Response:
    operation = received.header("x-amz-target").removeprefix(_PREFIX)
    try:
        signatures.check(received)
        return _response(api.operate(operation, received.body), 200)
    except ApiError as error:
        return _error(error)
    except (ClientError, BotoCoreError) as error:
        return _error(ApiError(f"Glue or S3 did not answer: {error}", "MetadataException"))
    except Exception:  # noqa: BLE001 - one request must not take the server down
        _LOG.exception("operation %s", operation)
        return _error(ApiError("The local Athena endpoint failed; its log says where", "InternalServerException", 500))


def _response(content: object, status: int, **headers: str) -> Response:
    return Response(response(content), status, {"x-amzn-requestid": str(uuid.uuid4()), **headers}, _MEDIA)


def _error(error: ApiError) -> Response:
    message = str(error)
    content = {"__type": error.code, "message": message, "Message": message, "AthenaErrorCode": "INVALID_INPUT"}
    return _response(content, error.status, **{"x-amzn-errortype": error.code})

"""AWS JSON 1.1 over HTTP: one path, the operation in the header X-Amz-Target."""

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from acude.athena.api import Api, ApiError

_LOG = logging.getLogger(__name__)
_PREFIX = "AmazonAthena."
_MEDIA = "application/x-amz-json-1.1"


def create_app(api: Api, close: Callable[[], None]) -> FastAPI:
    """The server.

    Args:
        api: The operations.
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
        body = await request.body()
        target = request.headers.get("x-amz-target", "")
        return await run_in_threadpool(_answer, api, target, body)

    return app


def _answer(api: Api, target: str, body: bytes) -> Response:
    try:
        found = api.operations.get(target.removeprefix(_PREFIX)) if target.startswith(_PREFIX) else None
        if found is None:
            message = f"The operation {target or '(no X-Amz-Target)'} is not available on the local Athena endpoint"
            raise ApiError(message, "UnknownOperationException")  # noqa: TRY301
        model, operation = found
        return _response(operation(model.model_validate_json(body or b"{}")), 200)
    except ApiError as error:
        return _error(error.code, str(error), error.status)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return _error("InvalidRequestException", f"{where}: {first['msg']}" if where else str(first["msg"]), 400)
    except (ClientError, BotoCoreError) as error:
        return _error("MetadataException", f"Glue or S3 did not answer: {error}", 400)
    except Exception:  # noqa: BLE001
        _LOG.exception("operation %s", target)
        return _error("InternalServerException", "The local Athena endpoint failed; its log says where", 500)


def _response(content: object, status: int, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["x-amzn-requestid"] = str(uuid.uuid4())
    return Response(orjson.dumps(content), status, named, _MEDIA)


def _error(code: str, message: str, status: int) -> Response:
    content = {"__type": code, "message": message, "Message": message, "AthenaErrorCode": "INVALID_INPUT"}
    return _response(content, status, x_amzn_errortype=code)

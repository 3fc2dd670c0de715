"""The local Glue: ``python -m acude.local.glue_server``.

Moto's server speaks Glue's API and keeps everything in memory. Registering the tables belongs to its start, so that the
catalogue is also whole after the supervisor has replaced a dead server. Moto asks nobody who they are, and one of its
pages makes it forget everything: only requests that are signed with the platform's keys reach it.
"""

import json
import logging
import threading
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from moto.glue.responses import GlueResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from tenacity import retry, stop_after_delay, wait_fixed
from werkzeug.exceptions import HTTPException
from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

from acude.athena.errors import ApiError
from acude.athena.signature import Received, Signatures
from acude.lake.catalog import register_all
from acude.local.servers import glue
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_BODY = 2**20
"""Bytes; a table's description has some thousand."""


class SignedOnly:
    """A WSGI application that passes on what is signed."""

    def __init__(self, application: "WSGIApplication", signatures: Signatures) -> None:
        self._application, self._signatures = application, signatures

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers 403 as AWS does where the signature is missing or wrong."""
        request = Request(environ)
        request.max_content_length = _LONGEST_BODY
        try:
            body = request.get_data()
            headers = [(name.lower(), value) for name, value in request.headers.items()]
            self._signatures.check(Received(request.method, request.url, headers, body))
        except HTTPException as refused:
            return refused(environ, start_response)
        except ApiError as refused:
            answer = json.dumps({"__type": refused.code, "message": str(refused)})
            media = "application/x-amz-json-1.1"
            return Response(answer, refused.status, {"x-amzn-errortype": refused.code}, media)(environ, start_response)
        return self._application(environ | {"wsgi.input": BytesIO(body)}, start_response)


def application(config: Settings) -> SignedOnly:
    """Moto, for the platform's own key and the query engine's."""
    platform = config.aws_options()
    secrets = {
        platform["aws_access_key_id"]: platform["aws_secret_access_key"],
        config.trino_s3_access_key: config.trino_s3_secret_key.get_secret_value(),
    }
    moto = DomainDispatcherApplication(create_backend_app)
    return SignedOnly(moto, Signatures(secrets, config.aws_region, "glue"))


@retry(wait=wait_fixed(0.2), stop=stop_after_delay(60))
def _wait_ready() -> None:
    glue.ready(settings())


def _register() -> None:
    _wait_ready()
    register_all()


def _answer_about_statistics() -> None:
    """Moto has no column statistics. Trino sets them when it makes a table; here they are taken and forgotten."""
    none = json.dumps({"ColumnStatisticsList": [], "Errors": []})
    for action in ("get", "update", "delete"):
        for kind in ("table", "partition"):
            setattr(GlueResponse, f"{action}_column_statistics_for_{kind}", lambda _: none)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # One line per request would bury the rest.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    _answer_about_statistics()
    threading.Thread(target=_register, daemon=True).start()
    server = application(settings())
    run_simple(settings().bind, settings().glue_port, server, threaded=True, request_handler=MotoRequestHandler)

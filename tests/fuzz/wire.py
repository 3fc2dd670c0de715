"""A server that is no ASGI application, asked over its socket as if it were one."""

import socket
from contextlib import closing, suppress
from http.client import HTTPResponse
from typing import Final

from starlette.types import Receive, Scope, Send

from acude.settings import HOST

_LONGEST: Final = 50_000


async def over_the_wire(port: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the request, and passes the answer on.

    Raises:
        http.client.HTTPException: there is no answer, or one that is none of HTTP.
    """
    body, more = b"", True
    while more:
        piece = await receive()
        body, more = body + piece["body"], piece["more_body"]
    with closing(socket.create_connection((HOST, port), timeout=60)) as connection:
        # After a refusal the server hangs up at once: what it has not read then may cost its answer.
        declared = b"content-length" in dict(scope["headers"])
        connection.sendall(_head(scope, len(body)) + (b"" if declared else body))
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        answer = HTTPResponse(connection, method=scope["method"])
        answer.begin()
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.read()})


def _head(scope: Scope, size: int) -> bytes:
    # A line's end ends the request's first line: no query has one. Of a longer line the rest is not read.
    query = scope["query_string"].translate(None, b"\r\n")[:_LONGEST]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    headers = list(scope["headers"])
    if b"content-length" not in dict(headers):
        headers.append((b"content-length", b"%d" % size))
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target), *(b"%b: %b" % pair for pair in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"

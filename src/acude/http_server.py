"""The platform's HTTP servers: where the settings say, and a request that takes too long to come is not waited for.

uvicorn has a time-out for idle connections only: a client that sends its request a byte at a time, or never ends it,
keeps its connection for ever, and the parser sets no bound to a head.
"""

import asyncio
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from acude.settings import settings

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""


class RequestsInTime(HttpToolsProtocol):
    """A connection that is closed where a request is not whole in time, or its head is too large.

    The time begins with the connection, or with the first byte behind the request before; between requests the
    server's own `timeout_keep_alive` counts.

    Attributes:
        within_s: how long a request may take from its first byte to its last.
    """

    within_s = 20.0

    _timer: asyncio.TimerHandle | None = None
    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is waited for."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request."""
        self._expect()
        self._unread += len(data)
        super().data_received(data)
        if self._unread > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")

    def on_message_begin(self) -> None:
        """A request begins, maybe with the last bytes of the one before."""
        self._expect()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body, whose size is the application's matter."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._unread = 0
        self._relax()
        super().on_message_complete()

    def _expect(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.within_s, self.timeout_keep_alive_handler)

    def _relax(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


SERVED: Final[dict[str, Any]] = {
    "http": RequestsInTime,
    "ws": "none",
    "access_log": False,
    # Whoever calls from this machine could name any address, and each has limits of its own.
    "proxy_headers": False,
}
"""What uvicorn is told for each of them."""


def serve_http(app: Any, port: int, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own types
    """Serves an application until the process is asked to end.

    Args:
        app: of ASGI.
        port: of TCP.
        more: uvicorn's settings on top.
    """
    uvicorn.run(app, **SERVED | {"host": settings().bind, "port": port} | more)

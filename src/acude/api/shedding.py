"""Refuses payments before any work is done for them, while the API has as many as it can answer in time."""

from typing import Final
from uuid import uuid4

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from acude.api.problems import ProblemError, problem_response

_MOST_UNREAD: Final = 1_000_000
"""Bytes of a refused body that are taken in."""


class Shedding:
    """Middleware around everything else: what is refused here costs next to nothing.

    A payment waits for the number of payments inside times the cost of each. So this number decides, and not how late
    the event loop is: a turn of the loop does one step of every request, and is short even while thousands wait.

    Args:
        app: the application.
        most: how many payments are processed at once.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the application."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            await self._refuse(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        request.state.trace = uuid4().hex
        problem = ProblemError(
            503, "Not available", "More payments come than can be decided in time.", headers={"Retry-After": "1"}
        )
        # The server resets a connection whose body is unread, and the answer may be lost with it.
        left = _MOST_UNREAD
        while left > 0 and (message := await receive()).get("more_body"):
            left -= len(message["body"])
        await problem_response(request, problem)(scope, receive, send)

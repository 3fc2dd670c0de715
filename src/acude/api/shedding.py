"""Refuses payments before any work is done for them, while the door itself is too slow for those it has."""

import asyncio
from typing import Final
from uuid import uuid4

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from acude.api.problems import ProblemError, problem_response

_LOOK_EVERY_S: Final = 0.05
_SLOW_S: Final = 0.25
_LOOKS: Final = 4
"""Of so many looks the quickest counts: a pause of the collector, or of the machine, is no overload."""

_MOST_UNREAD: Final = 1_000_000
"""Bytes of a refused body that are taken in."""


class Shedding:
    """Middleware around everything else: what is refused here costs next to nothing.

    A request is heard when the event loop comes to it. The time for which the loop is behind is the time that the next
    payment waits before anybody knows of it.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._behind = [0.0] * _LOOKS
        self._looking: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the application."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        if scope["type"] == "http" and scope["method"] == "POST" and min(self._behind) > _SLOW_S:
            await self._refuse(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _look(self) -> None:
        loop, number = asyncio.get_running_loop(), 0
        while True:
            due = loop.time() + _LOOK_EVERY_S
            await asyncio.sleep(_LOOK_EVERY_S)
            self._behind[number % _LOOKS] = loop.time() - due
            number += 1

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        request.state.trace = uuid4().hex
        problem = ProblemError(
            503, "Not available", "More payments come than can be heard.", headers={"Retry-After": "1"}
        )
        # The server resets a connection with a body that nobody has read, and the answer may be lost with it.
        left = _MOST_UNREAD
        while left > 0 and (message := await receive()).get("more_body"):
            left -= len(message["body"])
        await problem_response(request, problem)(scope, receive, send)

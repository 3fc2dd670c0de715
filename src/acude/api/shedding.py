"""Refuses payments before any work is done for them, while the API has as many as it can answer in time."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import uuid4

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acude.api.problems import ProblemError, problem_response, too_slow

_MOST_UNREAD: Final = 1_000_000
"""Bytes of a refused body that are taken in."""


class Shedding:
    """Middleware around everything else: what is refused here costs next to nothing.

    A payment waits for the number of payments inside times the cost of each. So this number decides, and not how late
    the event loop is: a turn of the loop does one step of every request, and is short even while thousands wait.
    A payment is inside from its last byte on: whoever sends slowly takes nobody's place.

    Args:
        app: the application.
        most: how many payments are processed at once.
        within_s: how long a body may take; what it took is gone for the decision (`request.state.began`).
        largest: bytes of a body that are taken in before the application looks at it.
    """

    def __init__(self, app: ASGIApp, most: int, within_s: float, largest: int) -> None:
        self._app = app
        self._most = most
        self._within_s = within_s
        self._largest = largest
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the application."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["began"] = time.monotonic()
        read = await self._body(receive)
        if read is None:
            late = too_slow("The body did not come in time.", {"Connection": "close"})
            await _answer(late, scope, receive, send)
            return
        if read[-1]["type"] == "http.disconnect":
            # Nobody waits for an answer. The application would call it a defect of its own.
            return
        # Asked last: bodies that were slow together may be whole together.
        if self._inside >= self._most:
            await self._refuse(scope, receive, send, whole=not read[-1].get("more_body"))
            return

        async def again() -> Message:
            return read.pop(0) if read else await receive()

        self._inside += 1
        try:
            await self._app(scope, again, send)
        finally:
            self._inside -= 1

    async def _body(self, receive: Receive) -> list[Message] | None:
        """The request's messages up to the end of its body, or to where it is too large; None where it takes long."""
        found: list[Message] = []
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._within_s):
                while True:
                    found.append(message := await receive())
                    size += len(message.get("body", b""))
                    if not message.get("more_body") or size > self._largest:
                        return found
        return None

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, *, whole: bool) -> None:
        problem = ProblemError(
            503, "Not available", "More payments come than can be decided in time.", headers={"Retry-After": "1"}
        )
        # The server resets a connection whose body is unread, and the answer may be lost with it.
        left = _MOST_UNREAD
        while not whole and left > 0:
            message = await receive()
            whole = not message.get("more_body")
            left -= len(message.get("body", b""))
        await _answer(problem, scope, receive, send)


async def _answer(problem: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    request.state.trace = uuid4().hex
    await problem_response(request, problem)(scope, receive, send)


class Fairness:
    """How many payments each client has inside: one client alone must not fill the API.

    Args:
        most: for each.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()

    @contextmanager
    def one(self, client: str) -> Iterator[None]:
        """A payment of this client is inside.

        Raises:
            ProblemError: 429 where it has too many.
        """
        if self._inside[client] >= self._most:
            raise ProblemError(
                429, "Too many at once", f"At most {self._most} of your payments wait.", headers={"Retry-After": "1"}
            )
        self._inside[client] += 1
        try:
            yield
        finally:
            self._inside[client] -= 1
            if not self._inside[client]:
                del self._inside[client]

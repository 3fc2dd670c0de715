"""Asks other people's HTTP servers: a question and the whole of its answer within one time, up to one size.

The time-outs of an HTTP library begin again with each piece that comes: a server that sends a byte now and then would
hold its caller for good. Here a question is given up when its time is over, whatever comes.
"""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, NamedTuple

import anyio
import httpx

_AS_IT_IS: Final = {"Accept-Encoding": "identity"}
"""Two kilobytes can be unpacked into a machine's memory."""

_ENDING_S: Final = 2.0
"""How long the thread gets beyond the time of a question."""

_NOTHING: Final[Mapping[str, str]] = {}


class NoAnswerError(ConnectionError):
    """No answer in time. It says why, and quotes nothing that was sent."""


class UnfitAnswerError(Exception):
    """An answer that is too long or compressed."""


class Answer(NamedTuple):
    """A server's answer."""

    status: int
    body: bytes


class HttpClient:
    """Asks servers. Any number of threads may share it.

    No redirects: an answer from elsewhere is none. No cookies, no proxies of the environment, nothing compressed.

    Args:
        at_once: most connections.
        base_url: begins the addresses that are asked.

    Attributes:
        thread: asks; once it has ended there are no more answers. It ends with the process, closed or not.
    """

    def __init__(self, at_once: int, base_url: str = "") -> None:
        self._loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._loop.run_forever, name="http-client", daemon=True)
        self.thread.start()
        self._client = new_client(at_once, base_url=base_url)

    def ask(
        self,
        method: str,
        url: str,
        *,
        within_s: float,
        most_bytes: int,
        params: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        content: bytes = b"",
    ) -> Answer:
        """Sends a question and waits for its answer.

        Args:
            method: GET or POST.
            url: where to.
            within_s: how long the whole may take.
            most_bytes: of the answer's body; with 0 it is not read.
            params: of the address.
            headers: besides the usual ones.
            content: the question's body.

        Raises:
            NoAnswerError: there was none in time.
            UnfitAnswerError: it is too long or compressed.
        """
        asked = self._client.build_request(method, url, params=params or None, headers=headers, content=content or None)
        if not self.thread.is_alive():
            raise NoAnswerError("the client's thread has ended")
        answer = asyncio.run_coroutine_threadsafe(ask(self._client, asked, within_s, most_bytes), self._loop)
        try:
            return answer.result(max(within_s, 0) + _ENDING_S)
        except TimeoutError:
            raise NoAnswerError("the client's thread ended meanwhile") from None

    def close(self) -> None:
        """Ends what is asked, and closes the connections."""
        if self.thread.is_alive():
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result(_ENDING_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self.thread.join(_ENDING_S)


def new_client(at_once: int, **more: Any) -> httpx.AsyncClient:  # noqa: ANN401 - httpx's own arguments
    """A client for `ask`, which gives each question its time. No redirects, cookies, or proxies of the environment.

    Args:
        at_once: most connections.
        more: arguments of httpx that are other.
    """
    usual: dict[str, Any] = {
        "headers": _AS_IT_IS,
        "timeout": None,
        "follow_redirects": False,
        "trust_env": False,
        "limits": httpx.Limits(max_connections=at_once),
    }
    client = httpx.AsyncClient(**usual | more)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return client


async def ask(client: httpx.AsyncClient, asked: httpx.Request, within_s: float, most_bytes: int) -> Answer:
    """Sends a question and waits for its answer; see `HttpClient.ask`.

    Raises:
        NoAnswerError: there was none in time.
        UnfitAnswerError: it is too long or compressed.
    """
    try:
        with anyio.fail_after(max(within_s, 0)):
            answer = await client.send(asked, stream=True)
            try:
                return Answer(answer.status_code, await _body(answer, most_bytes) if most_bytes else b"")
            finally:
                await answer.aclose()
    except TimeoutError:
        raise NoAnswerError("no whole answer in time") from None
    # The kind alone: a message may quote what was sent. Odd bytes raise other things than the library's own.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError) as problem:
        raise NoAnswerError(type(problem).__name__) from None


async def _body(answer: httpx.Response, most_bytes: int) -> bytes:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise UnfitAnswerError("a compressed answer, which nobody asked for")
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > most_bytes:
            raise UnfitAnswerError("the answer is too long")
    return bytes(body)

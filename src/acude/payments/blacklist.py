"""Asks the external list of documents: time-out, one more try, breaker, and an answer that is kept for a while.

Nobody waits longer for it than a payment can: what has not answered by then is a cause of a degraded decision, and the
payment goes on without it.
"""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

import httpx
from pybreaker import CircuitBreaker, CircuitBreakerError
from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from acude.settings import Settings

log = logging.getLogger(__name__)

_LONGEST_S: Final = 0.25
"""Of one question, its second try included; a payment's own deadline may leave less."""

_TRIES: Final = 2
_JITTER_S: Final = 0.03
_MOST_BYTES: Final = 4_096
_AT_ONCE: Final = 16


class ListError(ConnectionError):
    """The list did not answer, or not with what was agreed."""


class Listing(BaseModel):
    """The list's answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    listado: StrictBool


class Blacklist:
    """The external list of documents.

    Args:
        config: its address; an empty one means that there is none, and every document is clean.
        clock: monotonic seconds.
    """

    def __init__(self, config: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = config.blacklist_url
        self._clock = clock
        # No redirects: an answer from elsewhere is none. No cookies, no proxies of the environment.
        self._client = httpx.Client(
            timeout=_LONGEST_S, follow_redirects=False, trust_env=False, limits=httpx.Limits(max_connections=_AT_ONCE)
        )
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="blacklist")
        self.breaker = CircuitBreaker(fail_max=5, reset_timeout=2, name="lista_externa", throw_new_error_on_trip=False)

    def close(self) -> None:
        """Lets go of connections and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def ask(self, documents: Iterable[str], within_s: float) -> dict[str, bool]:
        """Which of the documents are listed; those that got no answer in time are missing.

        Args:
            documents: CPFs and CNPJs.
            within_s: how long the asker can wait, for all of them together.
        """
        wanted = set(documents)
        if not self._url:
            return dict.fromkeys(wanted, False)
        within_s = min(within_s, _LONGEST_S)
        if within_s <= 0 or not wanted:
            return {}
        deadline = self._clock() + within_s
        asked = {self._pool.submit(self._ask_one, one, deadline): one for one in wanted}
        done, late = wait(asked, timeout=within_s)
        for future in late:
            future.cancel()
        return {asked[future]: found for future in done if (found := _answer_of(future)) is not None}

    def _ask_one(self, document: str, deadline: float) -> bool:
        attempts = Retrying(
            retry=retry_if_exception_type(ListError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_random(0, _JITTER_S),
            reraise=True,
        )
        return bool(attempts(self.breaker.call, self._post, document, deadline))

    def _post(self, document: str, deadline: float) -> bool:
        left = deadline - self._clock()
        if left <= 0:
            raise ListError("no time left")
        try:
            # In the body: addresses end up in logs.
            with self._client.stream("POST", self._url, json={"documento": document}, timeout=left) as response:
                if response.status_code != httpx.codes.OK:
                    raise ListError(f"status {response.status_code}")
                return Listing.model_validate_json(_limited(response, deadline, self._clock)).listado
        except (httpx.HTTPError, ValidationError) as problem:
            # The kind alone: a message may quote what was sent.
            raise ListError(type(problem).__name__) from None


def _limited(response: httpx.Response, deadline: float, clock: Callable[[], float]) -> bytes:
    """The body, if it is small and comes in time; a drop now and then resets httpx's own time-out."""
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _MOST_BYTES or clock() > deadline:
            raise ListError("the answer is too long, or comes too slowly")
    return body


def _answer_of(future: Future[bool]) -> bool | None:
    """The answer; None where there was none."""
    problem = future.exception()
    if problem is None:
        return future.result()
    if not isinstance(problem, ListError | CircuitBreakerError):
        raise problem
    return None

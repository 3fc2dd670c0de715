"""Asks the external list of documents, with a time-out, one more try, a breaker and a cache.

A payment waits for it as long as its budget allows. Without an answer by then, the payment is decided without the list,
and the decision is degraded.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Annotated, Final

import msgspec
from cachetools import TTLCache
from pybreaker import CircuitBreaker, CircuitBreakerError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from acude.http_client import HttpClient, NoAnswerError, UnfitAnswerError
from acude.risk.lists import normal
from acude.settings import Settings

_LONGEST_S: Final = 0.5
"""Per question, its second try included; a payment's deadline may leave less."""

_TRIES: Final = 2
_JITTER_S: Final = 0.03
_MOST_BYTES: Final = 16_384
_OK: Final = 200
_REMEMBERED: Final = 100_000
_JSON: Final = {"Content-Type": "application/json"}


class ListError(ConnectionError):
    """The list did not answer, or its answer breaks the contract."""


class Listing(BaseModel):
    """The list's answer: the documents that are on it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    listados: Annotated[list[str], Field(max_length=1_000)]


class Blacklist:
    """The external list of documents.

    Args:
        config: its address; without one every document is clean.
        clock: monotonic seconds.
    """

    def __init__(self, config: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = config.blacklist_url
        self._clock = clock
        # It also serves while the velocity store is away.
        self._known: TTLCache[str, bool] = TTLCache(_REMEMBERED, config.blacklist_kept.total_seconds())
        self._client = HttpClient(at_once=1)
        self.breaker = CircuitBreaker(fail_max=5, reset_timeout=2, name="lista_externa", throw_new_error_on_trip=False)

    @property
    def thread(self) -> threading.Thread:
        """What asks; without it there are no more answers."""
        return self._client.thread

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def ask(self, documents: Iterable[str], within_s: float) -> dict[str, bool]:
        """Which of the documents are listed; empty where there was no answer in time.

        Args:
            documents: CPFs and CNPJs, in one question per batch.
            within_s: how long the caller can wait.
        """
        wanted = set(documents)
        if not self._url:
            return dict.fromkeys(wanted, False)
        known = {one: self._known[one] for one in wanted if one in self._known}
        unknown = sorted(wanted - known.keys())
        within_s = min(within_s, _LONGEST_S)
        if not unknown or within_s <= 0:
            return known
        try:
            found = self._ask(unknown, self._clock() + within_s)
        except (ListError, CircuitBreakerError):
            return known
        self._known.update(found)
        return known | found

    def _ask(self, documents: list[str], deadline: float) -> dict[str, bool]:
        attempts = Retrying(
            retry=retry_if_exception_type(ListError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_random(0, _JITTER_S),
            reraise=True,
        )
        listed: set[str] = attempts(self.breaker.call, self._listed, documents, deadline)
        return {one: one in listed for one in documents}

    def _listed(self, documents: list[str], deadline: float) -> set[str]:
        left = deadline - self._clock()
        if left <= 0:
            raise ListError("no time left")
        # In the body: addresses end up in logs.
        question = msgspec.json.encode({"documentos": documents})
        try:
            answer = self._client.ask(
                "POST", self._url, content=question, headers=_JSON, within_s=left, most_bytes=_MOST_BYTES
            )
            if answer.status != _OK:
                raise ListError(f"status {answer.status}")
            listed = set(Listing.model_validate_json(answer.body).listados)
        except (NoAnswerError, UnfitAnswerError) as problem:
            raise ListError(str(problem)) from None
        except ValidationError as problem:
            # The kind alone: a message may quote what was sent.
            raise ListError(type(problem).__name__) from None
        # The list may write them with punctuation.
        named = {normal("documento", one) for one in listed}
        if not named <= set(documents):
            raise ListError("the answer names documents that were not asked for")
        return named

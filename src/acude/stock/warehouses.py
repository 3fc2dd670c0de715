"""Client of the stock warehouses' API. What they answer is others' work: nothing in it may stop the poller."""

import json
import logging
import re
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from tenacity import (
    Retrying,
    before_sleep_log,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from acude.http_client import HttpClient, NoAnswerError, UnfitAnswerError

PAGE: Final = 500

_TRIES = 6
_MOST_PAUSE_S = 10.0
_WITHIN_S: Final = 15.0
_SUCCESS, _OUR_FAULT = 2, 4
_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_QUOTED: Final = 200
_MOST_DIGITS: Final = 100
_DEEPEST: Final = 32

_TEXT_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{\]}]', re.DOTALL)

log = logging.getLogger(__name__)


def _writable(text: str) -> str:
    # A lone surrogate fits into no address, and the cursor would stay in the way for good.
    text.encode()
    return text


class Page(BaseModel):
    """One answer of a warehouse. The updates themselves are checked against their contract behind Kafka."""

    atualizacoes: list[Any]
    proximo_cursor: Annotated[str, Field(max_length=1024), AfterValidator(_writable)]
    mais: bool


class StockWarehouseError(Exception):
    """A warehouse that gave no usable answer this time."""


class StockWarehouseRefusalError(StockWarehouseError):
    """A warehouse that will say the same next time (a 4xx, an endless answer); asking again at once is of no use."""


class Warehouses:
    """Client of the warehouses' API; repeats with growing, jittered pauses what may succeed later."""

    def __init__(self, url: str) -> None:
        self._http = HttpClient(at_once=1, base_url=url)

    def ids(self) -> list[str]:
        """All warehouses.

        Raises:
            StockWarehouseError: no usable answer after several tries.
        """
        found = self._get("/armazens", {}).get("armazens")
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise StockWarehouseError("/armazens: expected a list of ids under 'armazens', found something else")
        return found

    def page(self, armazem: str, cursor: str | None) -> Page:
        """What lies behind the cursor; None begins with the oldest.

        Raises:
            StockWarehouseError: no usable answer after several tries.
        """
        query = {"limite": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        answer = self._get(f"/armazens/{armazem}/atualizacoes", query)
        try:
            return Page.model_validate(answer)
        except ValidationError as problem:
            raise StockWarehouseError(f"{armazem}: the answer is no page of updates: {problem}") from problem

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        for attempt in Retrying(
            retry=retry_if_not_exception_type(StockWarehouseRefusalError),
            wait=wait_exponential_jitter(multiplier=0.1, max=_MOST_PAUSE_S),
            stop=stop_after_attempt(_TRIES),
            before_sleep=before_sleep_log(log, logging.INFO),
            reraise=True,
        ):
            with attempt:
                return self._get_once(path, query)
        raise AssertionError("tenacity ends with an answer or an exception")

    def _get_once(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        try:
            answer = _parsed(self._body(path, query))
        except UnfitAnswerError as problem:
            raise StockWarehouseRefusalError(f"{path}: {problem}") from problem
        except (NoAnswerError, ValueError) as problem:
            raise StockWarehouseError(f"{path}: {type(problem).__name__} {problem}"[:_MOST_QUOTED]) from problem
        if not isinstance(answer, dict):
            raise StockWarehouseError(f"{path}: expected a JSON object, found {type(answer).__name__}")
        return answer

    def _body(self, path: str, query: dict[str, str]) -> str:
        answer = self._http.ask("GET", path, params=query, within_s=_WITHIN_S, most_bytes=_MOST_BYTES)
        # Bytes that are no UTF-8 are one update's fault; quarantine names what they become.
        body = answer.body.decode("utf-8-sig", "surrogateescape")
        if answer.status // 100 == _OUR_FAULT and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            raise StockWarehouseRefusalError(f"{path}: {answer.status} {body[:_MOST_QUOTED]}")
        if answer.status // 100 != _SUCCESS:
            raise NoAnswerError(f"status {answer.status}")
        return body


def _parsed(text: str) -> Any:  # noqa: ANN401 - any JSON
    """JSON in which nothing that one update holds hides the others."""
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        return json.loads(shallow(text), parse_int=_whole)


def _whole(digits: str) -> int | str:
    """A number; one of more digits than Python reads stays a text, which the contract refuses."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def shallow(text: str, deepest: int = _DEEPEST) -> str:
    """JSON without what is nested too deeply for a parser: null stands in its place.

    >>> shallow('{"a":[[1,[2]]],"b":"[[["}', deepest=2)
    '{"a":[null],"b":"[[["}'
    """
    kept: list[str] = []
    depth = done = 0
    for found in _TEXT_OR_BRACKET.finditer(text):
        mark = found[0]
        if mark in "[{":
            if depth == deepest:
                kept += text[done : found.start()], "null"
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth == deepest:
                done = found.end()
    return "".join(kept) + text[done:]

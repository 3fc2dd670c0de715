"""Trino's own HTTP protocol: a statement is sent, its pages are read one after another."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import jwt
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from acude.athena.errors import QueryError
from acude.athena.model import Json
from acude.settings import Settings

USER = "athena"
CATALOG = "awsdatacatalog"
_STARTING_S = 240
"""Trino needs 15 seconds to start, on a crowded machine minutes; a query that comes meanwhile waits for it."""
_TOKEN_S = 300
_BUSY = {502, 503, 504}
_NOT_YET = {"SERVER_STARTING_UP", "NO_NODES_AVAILABLE"}
"""What a query that comes too early fails with: the second once statements are taken, but no worker is known yet."""

T = TypeVar("T")


class _NotYetError(Exception):
    """Trino is starting, or asks for patience."""


class Trino:
    """Trino, by default at its port on this machine. Safe to use from several threads.

    Args:
        config: The settings.
        patience_s: How long a statement waits for an engine that does not run yet.
    """

    def __init__(self, config: Settings, patience_s: float = _STARTING_S) -> None:
        self._patience_s = patience_s
        self._secret = config.trino_secret.get_secret_value()
        url = config.trino_url or f"http://{config.here}:{config.trino_port}"
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def query(
        self,
        sql: str,
        schema: str | None = None,
        *,
        prepared: Mapping[str, str] | None = None,
        session: Mapping[str, str] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> "Pages":
        """Starts a statement.

        Args:
            sql: One statement, without a semicolon at its end.
            schema: The schema of names that have none.
            prepared: Statements that EXECUTE may name.
            session: Session properties.
            stopped: Asked between pages; once it says yes, the query is cancelled.

        Raises:
            QueryError: Trino refused it, or does not answer.
        """
        headers = {
            "X-Trino-User": USER,
            "X-Trino-Source": "athena",
            "X-Trino-Catalog": CATALOG,
            "X-Trino-Schema": quote(schema or "default"),
            "X-Trino-Time-Zone": "UTC",
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            "X-Trino-Session": _pairs(session or {}),
            "X-Trino-Prepared-Statement": _pairs(prepared or {}),
        }
        body = sql.encode(errors="replace")

        def start() -> Pages:
            return Pages(self, self.ask("POST", "/v1/statement", content=body, headers=headers), stopped)

        reason = "The query engine (Trino) does not answer. Ask again in a minute"
        # Where the connection breaks, the engine died with the statement: it runs nowhere.
        return self._patiently(start, reason, httpx.NetworkError, httpx.RemoteProtocolError)

    def follow(self, address: str, method: str = "GET") -> Json:
        """The page at an address that an earlier page named.

        Raises:
            QueryError: Trino has forgotten the query, or is gone.
        """
        path, reason = urlsplit(address).path, "The query engine (Trino) stopped while this query ran; it starts again"
        return self._patiently(lambda: self.ask(method, path), f"{reason} by itself. Ask again")

    def _patiently(self, request: Callable[[], T], reason: str, *also: type[Exception]) -> T:
        retry, stop = retry_if_exception_type((_NotYetError, *also)), stop_after_delay(self._patience_s)
        try:
            return Retrying(retry=retry, stop=stop, wait=wait_fixed(0.5), reraise=True)(request)
        except (httpx.HTTPError, _NotYetError) as error:
            raise QueryError("GENERIC_INTERNAL_ERROR", reason, user=False) from error

    def ask(self, method: str, path: str, **more: Any) -> Json:  # noqa: ANN401 - httpx's own options
        """One request. Doubles stay text, with the digits that Java wrote; an object with a name twice is its pairs.

        Raises:
            httpx.HTTPError: It was not answered, or refused.
        """
        token = jwt.encode({"sub": USER, "exp": int(time.time()) + _TOKEN_S}, self._secret, "HS256")
        # Trino takes credentials over TLS only; on loopback there is none to be had.
        trusted = {"Authorization": f"Bearer {token}", "X-Forwarded-Proto": "https"}
        answer = self._http.request(method, path, **more | {"headers": trusted | more.get("headers", {})})
        if answer.status_code in _BUSY:
            raise _NotYetError
        found: Json = json.loads(answer.raise_for_status().content or b"{}", parse_float=str, object_pairs_hook=_object)
        return found


class Pages:
    """A statement's answer, read once.

    Attributes:
        columns: Trino's columns, as its protocol describes them; empty where the statement has no rows.
        scanned: Bytes read from files so far.
    """

    def __init__(self, engine: Trino, first: Json, stopped: Callable[[], bool]) -> None:
        self._engine, self._stopped = engine, stopped
        self.columns: list[Json] = []
        self.scanned = 0
        self._take(first)
        # Until it gives rows, or ends: a query that came too early fails before that, and is sent again.
        while not self._page.get("data") and "nextUri" in self._page:
            self._turn()

    def __iter__(self) -> Iterator[list[Any]]:
        """The rows.

        Raises:
            QueryError: The query failed, was cancelled, or Trino is gone.
        """
        while True:
            yield from self._page.get("data") or ()
            if "nextUri" not in self._page:
                return
            self._turn()

    def _turn(self) -> None:
        address = self._page["nextUri"]
        if self._stopped():
            self._engine.follow(address, "DELETE")
            raise QueryError("USER_CANCELED", "Query was canceled")
        self._take(self._engine.follow(address))

    def _take(self, page: Json) -> None:
        self._page = page
        self.columns = page.get("columns") or self.columns
        self.scanned = page.get("stats", {}).get("physicalInputBytes", 0)
        if error := page.get("error"):
            if error["errorName"] in _NOT_YET:
                raise _NotYetError
            raise QueryError(error["errorName"], error["message"], user=error["errorType"] == "USER_ERROR")


def _object(pairs: list[tuple[str, Any]]) -> Any:  # noqa: ANN401 - a dictionary, or the pairs
    """A map's different keys may have the same text: those of `map(ARRAY[ARRAY['a, b'], ARRAY['a', 'b']], …)`."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else pairs


def _pairs(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


def quoted(*parts: str) -> str:
    """A dotted name of Trino's.

    >>> quoted("gold", 'a"b')
    '"gold"."a""b"'
    """
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)

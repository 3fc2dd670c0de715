"""A session of Airflow's own client: it logs in, repeats what may be repeated, and explains refusals.

Importing the client builds hundreds of models, which takes more than a second. Import this module and `airflow_api`
where they are used, not at the top of a command.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, Self, TypeVar

import httpx
import urllib3
from airflow_client.client import ApiClient, ApiException, Configuration

from acude.errors import WRONG_USE, AcudeError
from acude.settings import Settings, settings

_TIMEOUT_S = 60.0
_PAGE = 100
_TOKEN_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
"""A token lasts a day (401 afterwards); an API server with another secret answers 403."""


class AirflowError(AcudeError):
    """Airflow doesn't answer, or refused a request."""


class UnknownDagError(AirflowError):
    """A name that no DAG has."""

    exit_code = WRONG_USE


class _Page(Protocol):
    @property
    def total_entries(self) -> int | None: ...


Answer = TypeVar("Answer")
Page = TypeVar("Page", bound=_Page)
Row = TypeVar("Row")


class AirflowSession:
    """Airflow's API as the settings' user; a context manager that closes its connections."""

    def __init__(self, config: Settings | None = None) -> None:
        self.config = config or settings()
        # A request that was sent may have been done: after that only questions are repeated.
        retries = urllib3.Retry(3, backoff_factor=0.5, allowed_methods={"GET"})
        self.client = ApiClient(Configuration(host=self.config.airflow_url, retries=retries))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.rest_client.pool_manager.clear()

    def ask(self, call: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
        """The answer to a call of the client's.

        Raises:
            AirflowError: Airflow isn't reached or refuses; the error says what to do.
        """
        try:
            if not self.client.configuration.access_token:
                self._log_in()
            try:
                return call(*arguments, **named, _request_timeout=_TIMEOUT_S)
            except ApiException as refusal:
                if refusal.status not in _TOKEN_REFUSED:
                    raise
                self._log_in()
                return call(*arguments, **named, _request_timeout=_TIMEOUT_S)
        except ApiException as refusal:
            raise _refused(call, refusal) from refusal
        except (urllib3.exceptions.HTTPError, httpx.TransportError) as problem:
            raise AirflowError(
                f"Airflow should answer at {self.config.airflow_url}, but doesn't ({problem}).",
                "Start the platform with `acude up`, or look at `acude status`.",
            ) from problem

    def ask_all(
        self, call: Callable[..., Page], rows: Callable[[Page], list[Row]], *arguments: object, **named: object
    ) -> list[Row]:
        """The rows of all pages of a call that answers in pages; `rows` takes them from a page."""
        found: list[Row] = []
        while True:
            page = self.ask(call, *arguments, **named, limit=_PAGE, offset=len(found))
            found += rows(page)
            if not rows(page) or len(found) >= (page.total_entries or 0):
                return found

    def _log_in(self) -> None:
        login = {
            "username": self.config.airflow_user,
            "password": self.config.airflow_password.get_secret_value(),
        }
        # A login changes nothing, so it may be repeated, which the client does for GET alone.
        with httpx.Client(transport=httpx.HTTPTransport(retries=3), timeout=_TIMEOUT_S) as http:
            answer = http.post(f"{self.config.airflow_url}/auth/token", json=login)
        if answer.is_error:
            raise AirflowError(
                f"Airflow at {self.config.airflow_url} refused the login of {self.config.airflow_user} "
                f"({answer.status_code}).",
                "Check ACUDE_AIRFLOW_USER and ACUDE_AIRFLOW_PASSWORD; on one machine `acude up` writes them.",
            )
        self.client.configuration.access_token = answer.json()["access_token"]


def _refused(call: Callable[..., Any], refusal: ApiException) -> AirflowError:
    name, detail = call.__name__, _detail(refusal)
    if refusal.status == HTTPStatus.CONFLICT and name == "create_backfill":
        return AirflowError(
            f"Another backfill of this DAG is active, and Airflow runs one at a time: {detail}.",
            "Wait until it ends, or cancel it on the DAG's page under Backfills.",
        )
    return AirflowError(f"Airflow refused {name} ({refusal.status}): {detail}.", "See `acude logs airflow-api`.")


def _detail(refusal: ApiException) -> str:
    """What Airflow's answer gives as the reason, without the full stop."""
    body = refusal.body or refusal.reason or ""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return str(body)[:300]
    if isinstance(detail, list):
        return "; ".join(str(entry.get("msg", entry)) for entry in detail)
    return str(detail).rstrip(".")

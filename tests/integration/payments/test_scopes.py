"""Who may call what: every route of the application with every scope, on the running API."""

import itertools
from collections.abc import Callable

import httpx
import pytest
from starlette.routing import Route

from acude.api.app import create_app
from acude.api.auth import DECIDE, READ, READ_ALL, SCOPES
from acude.local.platform import Platform
from acude.settings import Settings

Api = Callable[..., httpx.Client]

ONE_OF = {
    ("POST", "/transacoes"): {DECIDE},
    ("GET", "/transacoes/{id_transacao}"): {READ, READ_ALL},
}
OPEN = {
    ("GET", "/saude/viva"),
    ("GET", "/saude/pronta"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/oauth2-redirect"),
    ("GET", "/redoc"),
}
"""Health, and the description of it all."""

HOLDER = {DECIDE: "loja", READ: "loja", READ_ALL: "analista"}


def routes() -> set[tuple[str, str]]:
    """Every method and path that the application answers."""
    found = {
        (method, route.path)
        for route in create_app(Settings()).routes
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    return found - {("HEAD", path) for _, path in found}


def ask(client: httpx.Client, method: str, path: str) -> int:
    return client.request(method, path.replace("{id_transacao}", "nobodys")).status_code


def test_every_route_is_open_on_purpose_or_asks_for_a_scope() -> None:
    assert routes() == ONE_OF.keys() | OPEN


def test_the_document_names_the_scopes_that_the_api_asks_for() -> None:
    document = create_app(Settings()).openapi()
    for (method, path), scopes in ONE_OF.items():
        security = document["paths"][path][method.lower()]["security"]
        assert {tuple(one["oauth2"]) for one in security} == {(scope,) for scope in scopes}


@pytest.mark.parametrize(("route", "scope"), list(itertools.product(ONE_OF, SCOPES)))
def test_a_route_lets_in_its_scopes_and_no_others(api: Api, route: tuple[str, str], scope: str) -> None:
    answer = ask(api(HOLDER[scope], scope), *route)
    assert (answer not in {401, 403}) if scope in ONE_OF[route] else (answer == 403)


@pytest.mark.parametrize("route", ONE_OF)
def test_nobody_gets_in_without_a_token(platform: Platform, route: tuple[str, str]) -> None:
    with httpx.Client(base_url=platform.config.risk_url) as client:
        assert ask(client, *route) == 401


@pytest.mark.parametrize("route", sorted(OPEN))
def test_the_open_routes_ask_for_nothing(platform: Platform, route: tuple[str, str]) -> None:
    with httpx.Client(base_url=platform.config.risk_url) as client:
        assert ask(client, *route) == 200

"""Kong's declarative configuration: who is let through, to whom, how often."""

from pathlib import Path

import jwt
import pytest
import yaml

from acude.api.app import create_app
from acude.api.issuer import Issuer
from acude.contracts.model import table
from acude.local import containers
from acude.settings import Settings
from tests.unit.docker.compose_file import Entry, local, services

KINDS = {"_format_version", "_transform", "upstreams", "services", "consumers", "plugins"}
PLUGINS = {"jwt", "rate-limiting", "request-size-limiting", "correlation-id", "prometheus"}
"""All of them are in Kong's open-source image."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Secrets, as `acude docker secrets` draws them."""
    folder = tmp_path_factory.mktemp("secrets")
    containers.draw(folder)
    return folder


@pytest.fixture(scope="module")
def kong(drawn: Path) -> Entry:
    found: Entry = yaml.safe_load((drawn / "kong.yml").read_text())
    return found


def named(entries: list[Entry], name: str) -> Entry:
    return next(one for one in entries if one["name"] == name)


def test_it_holds_what_kong_knows(kong: Entry) -> None:
    assert kong["_format_version"] == "3.0"
    assert kong.keys() == KINDS
    used = {one["name"] for one in kong["plugins"]} | {one["name"] for s in kong["services"] for one in s["plugins"]}
    assert used == PLUGINS


def test_it_balances_every_payment_api_and_asks_each_whether_it_is_ready(kong: Entry) -> None:
    [upstream] = kong["upstreams"]
    apis = {name for name, entry in services().items() if entry.get("command") == ["serve", "risk-api"]}
    assert len(apis) == 2
    api = local()["risk-api"]
    assert {one["target"] for one in upstream["targets"]} == {f"{name}:{api.ports[0][0]}" for name in apis}
    assert api.health.endswith(upstream["healthchecks"]["active"]["http_path"])
    assert named(kong["services"], "pagamentos")["host"] == upstream["name"]
    assert all(set(services()[name]["networks"]) & set(services()["gateway"]["networks"]) for name in apis)


def test_a_payment_passes_only_with_a_token_of_the_issuers(kong: Entry, drawn: Path) -> None:
    config = Settings(_env_file=None, _secrets_dir=drawn, oauth_issuer="http://issuer:8091")  # type: ignore[call-arg]
    answer = Issuer(config).token(config.risk_client_id, config.risk_client_secret.get_secret_value(), "")
    assert answer

    [consumer] = kong["consumers"]
    [credential] = consumer["jwt_secrets"]
    claims = jwt.decode(
        answer["access_token"], credential["rsa_public_key"], [credential["algorithm"]], audience=config.oauth_audience
    )
    payments = {one["name"]: one["config"] for one in named(kong["services"], "pagamentos")["plugins"]}
    assert claims[payments["jwt"]["key_claim_name"]] == credential["key"]
    assert "exp" in payments["jwt"]["claims_to_verify"]
    # In an address a token would end in everybody's logs.
    assert payments["jwt"]["uri_param_names"] == payments["jwt"]["cookie_names"] == []
    assert variables("issuer")["ACUDE_OAUTH_ISSUER"] == credential["key"]


def variables(name: str) -> dict[str, str]:
    found: dict[str, str] = services()[name]["environment"]
    return found


def test_every_way_of_the_payment_api_is_routed_and_nothing_else(kong: Entry) -> None:
    routes = [route for one in kong["services"] for route in one["routes"]]
    assert {path for route in routes for path in route["paths"]} == {"/transacoes", "~/token$"}
    assert [route for route in routes if route["protocols"] != ["https"] or route["strip_path"]] == []
    wanted = {
        (path, method.upper())
        for path, ways in create_app(Settings(_env_file=None)).openapi()["paths"].items()  # type: ignore[call-arg]
        for method in ways
        if path.startswith("/transacoes")
    }
    assert {method for _, method in wanted} == set(named(routes, "transacoes")["methods"])


def test_both_services_are_limited_and_a_payment_is_not_sent_twice(kong: Entry) -> None:
    for service in kong["services"]:
        assert "rate-limiting" in {one["name"] for one in service["plugins"]}
    payments = named(kong["services"], "pagamentos")
    assert payments["retries"] == 0
    size = named(payments["plugins"], "request-size-limiting")["config"]
    assert size["size_unit"] == "kilobytes"
    assert size["allowed_payload_size"] * 1000 >= (table("topics.transacoes").max_bytes or 0)


def test_its_own_pages_are_closed() -> None:
    environment = variables("gateway")
    assert environment["KONG_DATABASE"] == environment["KONG_ADMIN_LISTEN"] == "off"
    assert "ssl" in environment["KONG_PROXY_LISTEN"]

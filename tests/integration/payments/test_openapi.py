"""The OpenAPI document is the truth: schemathesis sends the running API what it allows and what it forbids."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from acude.api.app import create_app
from acude.api.examples import PAYMENTS
from acude.contracts.decoder import Decoder
from acude.contracts.json_schema import ADDRESS_FORMAT, DOCUMENT_FORMAT
from acude.contracts.model import table
from acude.local.platform import Platform
from acude.payments.serde import TOPIC
from acude.personal_numbers import is_document
from acude.settings import Settings
from acude.simulator.payments.documents import cpf

Api = Callable[..., httpx.Client]

# What a schema can only name: check digits, addresses, and times that a payment can have.
schemathesis.openapi.format(ADDRESS_FORMAT, st.ip_addresses().map(str))
schemathesis.openapi.format(DOCUMENT_FORMAT, st.integers(1, 10**9 - 1).map(cpf).filter(is_document))
schemathesis.openapi.format(
    "date-time",
    st.timedeltas(-timedelta(days=13), timedelta()).map(lambda ago: (datetime.now(UTC) + ago).isoformat()),
)
API = schemathesis.openapi.from_dict(create_app(Settings()).openapi())
NAME = re.compile(r"[A-Za-z0-9_.:@+-]{1,64}")
BOUNDED = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def answers() -> Counter[tuple[str, int]]:
    """How often each operation gave each status."""
    return Counter()


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Ids and Idempotency-Keys that were sent."""
    return set()


@pytest.fixture(scope="module")
def client(api: Api) -> httpx.Client:
    """The API with the token of the shop's client."""
    return api()


def test_the_running_api_serves_this_document(platform: Platform) -> None:
    served = httpx.get(f"{platform.config.risk_url}/openapi.json").json()
    assert served == create_app(platform.config).openapi()


@pytest.mark.parametrize("kind", PAYMENTS)
def test_each_example_is_a_payment(kind: str) -> None:
    example = PAYMENTS[kind]
    fields = Decoder(table(f"topics.{TOPIC}")).one(httpx.Request("POST", "/", json=example).content, datetime.now(UTC))
    assert fields["tipo_pagamento"] == kind


@API.parametrize()
@BOUNDED
def test_every_answer_is_as_the_document_says(
    case: "schemathesis.Case[Any]",
    platform: Platform,
    client: httpx.Client,
    answers: Counter[tuple[str, int]],
    used: set[str],
) -> None:
    with_fresh_names(case, used)
    headers = {"Authorization": client.headers["Authorization"]}
    answer = case.call_and_validate(base_url=platform.config.risk_url, headers=headers)
    answers[case.operation.label, answer.status_code] += 1
    assert "defeito" not in (answer.json().get("causas") or [])


def with_fresh_names(case: "schemathesis.Case[Any]", used: set[str]) -> None:
    """Leaves out what the schema can't say: a used name is refused with 409, and a schema can't tell 1.0 from 1."""
    body = case.body if isinstance(case.body, dict) else {}
    for place, name in ((body, "id_transacao"), (case.headers or {}, "idempotency-key")):
        if isinstance(drawn := place.get(name), str) and NAME.fullmatch(drawn):
            if drawn in used:
                place[name] = uuid4().hex
            used.add(drawn)
    parts = body.get("parcelas")
    if isinstance(parts, float) and parts.is_integer():
        body["parcelas"] = int(parts)


@pytest.mark.usefixtures("platform")  # it follows the tests above on their worker
def test_allowed_payments_were_decided_and_forbidden_ones_refused(answers: Counter[tuple[str, int]]) -> None:
    assert answers["POST /transacoes", 200]
    assert answers["POST /transacoes", 400]
    assert answers["GET /transacoes/{id_transacao}", 404]
    assert not [label for label, status in answers if status >= 500]


def test_what_was_taken_can_be_read_by_the_links_of_its_answer(
    platform: Platform, client: httpx.Client, used: set[str]
) -> None:
    class Flow(API.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: "schemathesis.Case[Any]") -> dict[str, Any]:
            with_fresh_names(case, used)
            return {"base_url": platform.config.risk_url, "headers": {"Authorization": client.headers["Authorization"]}}

    Flow.run(settings=settings(BOUNDED, max_examples=10, stateful_step_count=3))

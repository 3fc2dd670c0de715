"""A client's rate is counted for all API processes together; without Valkey each process counts for itself."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import httpx
from limits import RateLimitItemPerDay

from acude.api.rate import RateLimit
from acude.local.platform import Platform
from tests.integration.payments.conftest import another_api
from tests.servers import away

Api = Callable[..., httpx.Client]
AGREED = 5


def admitted(platform: Platform, client: str, asked: int) -> list[int]:
    """How many requests of one client each of two APIs lets in, asked by turns."""
    url = platform.config.valkey_url.get_secret_value()

    async def ask() -> list[int]:
        apis = [RateLimit(RateLimitItemPerDay(AGREED), url) for _ in range(2)]
        found = [[await api.admits(client) for api in apis] for _ in range(asked)]
        for api in apis:
            await api.close()
        return [sum(answers) for answers in zip(*found, strict=True)]

    return asyncio.run(ask())


def test_two_apis_admit_together_what_was_agreed(platform: Platform) -> None:
    one, other = f"c-{uuid4().hex}", f"c-{uuid4().hex}"
    assert sum(admitted(platform, one, AGREED)) == AGREED
    assert sum(admitted(platform, one, 1)) == 0
    assert sum(admitted(platform, other, 1)) == 2


def test_without_valkey_each_api_counts_for_itself(platform: Platform) -> None:
    with away(platform, "valkey"):
        assert admitted(platform, f"c-{uuid4().hex}", 2 * AGREED) == [AGREED, AGREED]


def test_more_than_agreed_is_refused_and_told_when_to_come_back_whatever_address_is_named(
    platform: Platform, api: Api
) -> None:
    with another_api(platform.config, risk_rate_limit=1) as url:
        client = api()
        named = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(50)]
        answers = [client.get(f"{url}/transacoes/nobodys", headers=one) for one in named]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    assert {answer.status_code for answer in answers} == {404, 429}

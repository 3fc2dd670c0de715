"""The local issuer of tokens."""

import asyncio
from pathlib import Path

import httpx
import pytest
from limits import RateLimitItemPerHour

from acude.api.issuer import create_app
from acude.settings import Settings


async def guesses(config: Settings, number: int) -> list[int]:
    """Answers to so many wrong secrets, of which five an hour are looked at."""
    transport = httpx.ASGITransport(create_app(config, RateLimitItemPerHour(5)))
    asked = {"grant_type": "client_credentials", "client_id": "loja", "client_secret": "palpite"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [(await client.post("/token", data=asked)).status_code for _ in range(number)]


def test_who_guesses_secrets_is_slowed_down(tmp_path: Path) -> None:
    config = Settings(_env_file=None, var=tmp_path, risk_client_secret="certo")  # type: ignore[call-arg, arg-type]
    assert asyncio.run(guesses(config, 7)) == [401] * 5 + [429] * 2


async def answer_to(authorization: bytes, config: Settings) -> int:
    transport = httpx.ASGITransport(create_app(config))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        asked = {"grant_type": "client_credentials"}
        return (await client.post("/token", data=asked, headers={b"Authorization": authorization})).status_code


@pytest.mark.parametrize("value", [b"\xe9", b"=", b"/w==", b"bG9qYQ==", b""])
def test_credentials_that_cannot_be_read_are_none(value: bytes, tmp_path: Path) -> None:
    config = Settings(_env_file=None, var=tmp_path, risk_client_secret="certo")  # type: ignore[call-arg, arg-type]
    assert asyncio.run(answer_to(b"Basic " + value, config)) == 401

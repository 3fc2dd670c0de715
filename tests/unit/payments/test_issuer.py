"""The local issuer of tokens."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from limits import RateLimitItemPerHour
from limits.aio.storage import memory

from acude.api.issuer import create_app
from acude.settings import Settings


async def guesses(app: FastAPI, number: int) -> list[int]:
    """Answers to so many wrong secrets."""
    transport = httpx.ASGITransport(app)
    asked = {"grant_type": "client_credentials", "client_id": "loja", "client_secret": "palpite"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [(await client.post("/token", data=asked)).status_code for _ in range(number)]


def test_who_guesses_secrets_is_slowed_down(tmp_path: Path) -> None:
    config = Settings(_env_file=None, var=tmp_path, risk_client_secret="certo")  # type: ignore[call-arg, arg-type]
    assert asyncio.run(guesses(create_app(config, RateLimitItemPerHour(5)), 7)) == [401] * 5 + [429] * 2


def test_an_address_has_600_answers_a_minute_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One moment, however slow the machine is.
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: 1_700_000_039.0))
    config = Settings(_env_file=None, var=tmp_path, risk_client_secret="certo")  # type: ignore[call-arg, arg-type]
    assert asyncio.run(guesses(create_app(config), 602)) == [401] * 600 + [429] * 2


async def answer_to(authorization: bytes, config: Settings) -> int:
    transport = httpx.ASGITransport(create_app(config))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        asked = {"grant_type": "client_credentials"}
        return (await client.post("/token", data=asked, headers={b"Authorization": authorization})).status_code


@pytest.mark.parametrize("value", [b"\xe9", b"=", b"/w==", b"bG9qYQ==", b""])
def test_credentials_that_cannot_be_read_are_none(value: bytes, tmp_path: Path) -> None:
    config = Settings(_env_file=None, var=tmp_path, risk_client_secret="certo")  # type: ignore[call-arg, arg-type]
    assert asyncio.run(answer_to(b"Basic " + value, config)) == 401

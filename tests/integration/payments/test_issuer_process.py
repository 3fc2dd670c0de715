"""The issuer's own process: what uvicorn adds to the application."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from acude.settings import HOST
from tests.programs import free_port

GUESS = {"grant_type": "client_credentials", "client_id": "loja", "client_secret": "palpite"}


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[httpx.Client]:
    """An issuer beside the platform's, whose limit is its own."""
    port = free_port()
    own = os.environ | {"ACUDE_VAR": str(tmp_path), "ACUDE_ISSUER_PORT": str(port)}
    with (
        subprocess.Popen([sys.executable, "-m", "acude.api.issuer"], env=own) as process,
        httpx.Client(base_url=f"http://{HOST}:{port}") as client,
    ):
        try:
            until_it_answers(client)
            yield client
        finally:
            process.terminate()


@retry(wait=wait_fixed(0.2), stop=stop_after_delay(60))
def until_it_answers(client: httpx.Client) -> None:
    client.get("/jwks.json").raise_for_status()


def test_a_forged_address_has_no_limit_of_its_own(issuer: httpx.Client) -> None:
    answers = (
        issuer.post("/token", data=GUESS, headers={"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"})
        for number in range(3_000)
    )
    assert 429 in (answer.status_code for answer in answers)

"""Tokens that name keys which nobody has published do not make the payment API ask for keys again and again."""

import asyncio
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import jwks_client
from jwt.algorithms import ECAlgorithm

from acude.api.auth import Verifier
from acude.api.problems import ProblemError
from acude.settings import HOST, Settings

KEY = ec.generate_private_key(ec.SECP256R1())


class KeySet(HTTPServer):
    """An issuer's published keys, and how often they were asked for."""

    asked = 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, KeySet)
        self.server.asked += 1
        public = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
        body = json.dumps({"keys": [public | {"kid": "k1", "alg": "ES256", "use": "sig"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing."""


@pytest.fixture
def keys() -> Iterator[KeySet]:
    server = KeySet((HOST, 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def token(config: Settings, kid: str) -> str:
    now = int(time.time())
    claims = {"iss": config.oauth_issuer, "aud": config.oauth_audience, "sub": "loja", "iat": now, "exp": now + 900}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": kid})


def test_a_hundred_unknown_keys_at_once_are_asked_for_once_and_a_known_one_is_taken(
    keys: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One moment, however slow the machine is.
    monkeypatch.setattr(jwks_client, "time", SimpleNamespace(monotonic=lambda: 100.0))
    config = Settings(oauth_jwks_url=f"http://{HOST}:{keys.server_port}/jwks.json", _env_file=None)  # type: ignore[call-arg]
    verifier = Verifier(config)

    async def all_at_once() -> list[object]:
        forged = [verifier.caller(token(config, uuid4().hex)) for _ in range(100)]
        return list(await asyncio.gather(*forged, return_exceptions=True))

    answers = asyncio.run(all_at_once())
    assert {one.status for one in answers if isinstance(one, ProblemError)} == {401}
    assert len(answers) == 100
    assert keys.asked == 1
    assert asyncio.run(verifier.caller(token(config, "k1"))).client == "loja"
    assert keys.asked == 1

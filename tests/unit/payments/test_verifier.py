"""Tokens that name keys which nobody has published cost one question, and hold up nobody whose key is known."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from types import SimpleNamespace
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from acude.api import signing_keys
from acude.api.auth import Caller, Verifier
from acude.api.problems import ProblemError
from acude.settings import HOST, Settings

KEY = ec.generate_private_key(ec.SECP256R1())


class KeySet(HTTPServer):
    """An issuer's published keys, how often they were asked for, and whether it answers."""

    asked = 0
    status = 200

    def __init__(self) -> None:
        super().__init__((HOST, 0), Answer)
        self.answers = Event()
        self.answers.set()


def published() -> bytes:
    public = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
    return json.dumps({"keys": [public | {"kid": "k1", "alg": "ES256", "use": "sig"}]}).encode()


class Answer(BaseHTTPRequestHandler):
    body = published()

    def do_GET(self) -> None:
        assert isinstance(self.server, KeySet)
        self.server.asked += 1
        self.server.answers.wait(30)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing."""


@pytest.fixture
def keys() -> Iterator[KeySet]:
    server = KeySet()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.answers.set()
    server.shutdown()
    thread.join()
    server.server_close()


def token(config: Settings, kid: str, later_s: int = 0) -> str:
    now = int(time.time())
    claims = {
        "iss": config.oauth_issuer,
        "aud": config.oauth_audience,
        "sub": "loja",
        "iat": now,
        "exp": now + 900 + later_s,
    }
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": kid})


def asking(keys: KeySet) -> Settings:
    return Settings(oauth_jwks_url=f"http://{HOST}:{keys.server_port}/jwks.json", _env_file=None)  # type: ignore[call-arg]


def test_a_hundred_unknown_keys_at_once_are_asked_for_once_and_a_known_one_is_taken(
    keys: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One moment, however slow the machine is.
    monkeypatch.setattr(signing_keys, "time", SimpleNamespace(monotonic=lambda: 100.0))
    config = asking(keys)
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


async def refusal(verifier: Verifier, one: str) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await verifier.caller(one)
    return caught.value


def test_while_the_issuer_hangs_known_keys_are_taken_at_once_and_unknown_ones_refused(keys: KeySet) -> None:
    config = asking(keys)
    verifier = Verifier(config)

    async def crowd() -> tuple[float, list[ProblemError], float]:
        assert (await verifier.caller(token(config, "k1"))).client == "loja"
        await asyncio.sleep(signing_keys._PAUSE_S)
        keys.answers.clear()
        forged = [asyncio.create_task(refusal(verifier, token(config, uuid4().hex))) for _ in range(400)]
        await asyncio.sleep(0)
        began = time.monotonic()
        # Another second's token, which has not been seen yet.
        assert (await verifier.caller(token(config, "k1", later_s=1))).client == "loja"
        known_s = time.monotonic() - began
        refused = await asyncio.gather(*forged)
        began = time.monotonic()
        refused.append(await refusal(verifier, token(config, uuid4().hex)))
        return known_s, refused, time.monotonic() - began

    known_s, refused, late_s = asyncio.run(crowd())
    assert known_s < signing_keys._PATIENCE_S / 2
    assert late_s < signing_keys._PATIENCE_S / 2
    assert {(one.status, one.headers.get("Retry-After")) for one in refused} == {(503, "1")}
    assert keys.asked == 2


def test_keys_are_asked_for_again_before_they_are_forgotten_and_nobody_waits(
    keys: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(signing_keys, "time", SimpleNamespace(monotonic=lambda: now.s))
    config = asking(keys)
    verifier = Verifier(config)

    async def known(later_s: int) -> Caller:
        found = await verifier.caller(token(config, "k1", later_s=later_s))
        if question := verifier._keys._question:
            await asyncio.wait([question])
        return found

    async def asked_at(*ages: float) -> list[int]:
        found = []
        for number, age in enumerate(ages):
            now.s = 100.0 + age
            await known(number)
            found.append(keys.asked)
        return found

    assert asyncio.run(asked_at(0, 239, 241, 480, 482)) == [1, 1, 2, 2, 3]
    keys.status = 500
    now.s += 299
    assert asyncio.run(known(10)).client == "loja"
    now.s += 2
    assert asyncio.run(refusal(verifier, token(config, "k1", later_s=11))).status == 503
    keys.status = 200
    # A question that has just failed is not asked again at once.
    assert asyncio.run(refusal(verifier, token(config, "k1", later_s=11))).status == 503
    now.s += 1
    assert asyncio.run(known(12)).client == "loja"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [7]}', b'{"keys": []}', b"<html>"])
def test_whatever_an_issuer_answers_is_a_503(body: bytes, monkeypatch: pytest.MonkeyPatch, keys: KeySet) -> None:
    monkeypatch.setattr(Answer, "body", body)
    config = asking(keys)
    assert asyncio.run(refusal(Verifier(config), token(config, "k1"))).status == 503


@pytest.mark.parametrize(
    "head",
    [
        b'{"alg":"ES256"}',
        b'{"alg":"ES256","kid":7}',
        b'{"alg":"ES256","kid":["k1"]}',
        b'{"alg":"ES256","kid":"k","x":' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        b"[]",
        b"\xff",
    ],
)
def test_a_head_that_is_none_is_a_401(head: bytes, keys: KeySet) -> None:
    config = asking(keys)
    _, rest = token(config, "k1").split(".", 1)
    encoded = urlsafe_b64encode(head).rstrip(b"=").decode()
    assert asyncio.run(refusal(Verifier(config), f"{encoded}.{rest}")).status == 401

"""Bearer tokens at the payment API: what looks like one of the issuer's and is not gets a 4xx, never a defect's 500."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from acude.local.platform import Platform
from tests.integration.payments.conftest import some_payments

Api = Callable[..., httpx.Client]
PROBLEM = "application/problem+json"


def a_payment() -> bytes:
    return json.dumps(some_payments(1)[0]).encode()


def send(client: httpx.Client, *authorization: str, payment: bytes | None = None) -> httpx.Response:
    """A payment with these `Authorization` headers."""
    headers = [("Content-Type", "application/json"), *(("Authorization", value) for value in authorization)]
    with httpx.Client(base_url=client.base_url) as bare:
        return bare.post("/transacoes", content=payment or a_payment(), headers=headers)


def genuine_of(client: httpx.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def changed(token: str, **claims: object) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False}) | claims


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def in_der(signature: str) -> str:
    """The same signature in the form that OpenSSL writes; JWT wants both numbers side by side."""
    raw = base64.urlsafe_b64decode(signature + "==")
    half = len(raw) // 2
    return encoded(encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:])))


def forged_tokens(genuine: str) -> dict[str, str]:
    """Tokens that look like the issuer's and are not."""
    key, kid = ec.generate_private_key(ec.SECP256R1()), jwt.get_unverified_header(genuine)["kid"]
    claims = changed(genuine)
    head, body, signature = genuine.split(".")
    number, several = (encoded(b'{"alg":"ES256","kid":%s}' % one) for one in (b"7", b'["x"]'))
    deep = encoded(b'{"alg":"ES256","kid":"k","x":' + b"[" * 2_000 + b"]" * 2_000 + b"}")
    return {
        "nonsense": "x.y.z",
        "without signature": jwt.encode(claims, "", algorithm="none"),
        "without signature under the issuer's key": jwt.encode(claims, "", algorithm="none", headers={"kid": kid}),
        "a key of its own under the issuer's id": jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid}),
        "a foreign key's id": jwt.encode(claims, key, algorithm="ES256", headers={"kid": "foreign"}),
        "without a key's id": jwt.encode(claims, key, algorithm="ES256"),
        "a number for a key's id": f"{number}.{body}.{signature}",
        "a list for a key's id": f"{several}.{body}.{signature}",
        "a key's id of 8 KB": jwt.encode(claims, key, algorithm="ES256", headers={"kid": "k" * 8_192}),
        "the body changed": f"{head}.{encoded(json.dumps(claims | {'sub': 'other'}).encode())}.{signature}",
        "signed with a shared secret": jwt.encode(claims, "s" * 32, algorithm="HS256", headers={"kid": kid}),
        "another algorithm under the issuer's id": jwt.encode(
            claims, rsa.generate_private_key(65_537, 2_048), algorithm="RS256", headers={"kid": kid}
        ),
        "with signs behind its signature": f"{genuine}==",
        "its signature in DER": f"{head}.{body}.{in_der(signature)}",
        "a head of 2,000 lists": f"{deep}.{body}.{signature}",
    }


EXAMPLE = jwt.encode({"sub": "x"}, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": "k"})


@pytest.mark.parametrize("kind", list(forged_tokens(EXAMPLE)))
def test_a_forged_token_is_refused(api: Api, kind: str) -> None:
    client = api()
    answer = send(client, f"Bearer {forged_tokens(genuine_of(client))[kind]}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": -20}, 401),
        # Clocks may differ by five seconds. To be sent takes time, which moves a token further into its past.
        ({"exp": -6}, 401),
        ({"exp": -2}, 200),
        ({"iat": 2}, 200),
        ({"iat": 4}, 200),
        ({"iat": 60}, 401),
        ({"nbf": 60}, 401),
        ({"exp": "9999999999"}, 401),
        ({"exp": True}, 401),
        ({"aud": "another"}, 401),
        ({"iss": "http://127.0.0.1:1"}, 401),
        ({"sub": ""}, 401),
        ({"sub": 7}, 401),
        ({"sub": None}, 401),
        ({"scope": ["risco:decidir"]}, 401),
        ({"sub": "auth0|64a1f"}, 403),
        ({"sub": "s" * 65}, 403),
        ({"sub": "loja-52998224725"}, 403),
        ({"sub": "11222333000181"}, 403),
        ({"sub": "\ud83d"}, 401),
    ],
)
def test_a_token_of_the_issuers_own_key_counts_as_its_claims_say(
    api: Api, platform: Platform, claims: dict[str, object], status: int
) -> None:
    client = api()
    genuine = genuine_of(client)
    pem = (platform.config.var / "issuer.pem").read_text()
    kid = jwt.get_unverified_header(genuine)["kid"]
    # It takes a while to make one up.
    payment = a_payment()
    # Times are given as seconds from now.
    moved = {
        name: int(time.time()) + value if type(value) is int and name != "sub" else value
        for name, value in claims.items()
    }
    token = jwt.encode(changed(genuine, **moved), pem, algorithm="ES256", headers={"kid": kid}, sort_headers=True)
    answer = send(client, f"Bearer {token}", payment=payment)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == (PROBLEM if status != 200 else "application/json")


@pytest.mark.parametrize(
    ("forms", "status"),
    [
        (["bearer {}"], 200),
        (["Bearer"], 401),
        (["Bearer {}, Bearer {}"], 401),
        (["Basic x", "Bearer {}"], 400),
        (["Bearer {}", "Basic x"], 400),
        ([], 401),
    ],
)
def test_the_header_takes_one_token(api: Api, forms: list[str], status: int) -> None:
    client = api()
    answer = send(client, *(form.format(genuine_of(client), genuine_of(client)) for form in forms))
    assert answer.status_code == status
    assert "www-authenticate" in answer.headers or status != 401

"""Signatures are recomputed with botocore's own signer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from acude.athena.errors import ApiError
from acude.athena.signature import Received, Signatures

URL = "http://127.0.0.1:8444/"
KEY, SECRET, REGION = "chave", "segredo", "us-east-1"
SIGNATURES = Signatures({KEY: SECRET}, REGION, "athena")
Change = Callable[[dict[str, str]], None]


def signed(body: bytes = b"{}", more: dict[str, str] | None = None, key: str = KEY, secret: str = SECRET) -> Received:
    request = AWSRequest(
        "POST", URL, {"X-Amz-Target": "AmazonAthena.ListWorkGroups", "Host": "127.0.0.1:8444", **(more or {})}, body
    )
    SigV4Auth(Credentials(key, secret), "athena", REGION).add_auth(request)
    return Received("POST", URL, [(name.lower(), value) for name, value in request.headers.items()], body)


def refused(received: Received, now: datetime | None = None) -> str:
    with pytest.raises(ApiError) as refusal:
        SIGNATURES.check(received, now)
    return refusal.value.code


def changed(received: Received, name: str, value: str | None) -> Received:
    headers = [(key, old if key != name else value) for key, old in received.headers]
    kept = [(key, new) for key, new in headers if new is not None]
    return Received(received.method, received.url, kept, received.body)


def test_a_request_of_the_keys_owner_is_taken() -> None:
    SIGNATURES.check(signed())
    SIGNATURES.check(signed(b'{"QueryString": "SELECT 1"}', {"Content-Type": "application/x-amz-json-1.1"}))
    SIGNATURES.check(
        signed(more={"X-Amz-Content-Sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"})
    )


def test_a_stranger_is_refused() -> None:
    assert refused(signed(key="outra")) == "UnrecognizedClientException"
    assert refused(signed(secret="outro")) == "InvalidSignatureException"
    assert refused(changed(signed(), "authorization", None)) == "MissingAuthenticationTokenException"
    assert refused(changed(signed(), "authorization", "Bearer x")) == "IncompleteSignatureException"


def test_what_was_signed_must_have_come() -> None:
    right = signed()
    assert refused(Received("POST", URL, right.headers, b'{"a": 1}')) == "InvalidSignatureException"
    assert refused(Received("GET", URL, right.headers, b"{}")) == "InvalidSignatureException"
    assert refused(Received("POST", f"{URL}?a=1", right.headers, b"{}")) == "InvalidSignatureException"
    assert refused(changed(right, "x-amz-target", "AmazonAthena.StopQueryExecution")) == "InvalidSignatureException"
    assert refused(changed(right, "host", "example.org")) == "InvalidSignatureException"
    unsigned = signed(more={"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"})
    assert refused(unsigned) == "InvalidSignatureException"


def test_headers_that_matter_must_be_signed() -> None:
    found = dict(signed().headers)["authorization"]
    for name in ("host", "x-amz-target", "x-amz-date"):
        fewer = found.replace(f"{name};", "").replace(f";{name}", "")
        assert refused(changed(signed(), "authorization", fewer)) == "InvalidSignatureException"
    twice = signed()
    assert refused(Received("POST", URL, [*twice.headers, ("x-amz-target", "x")], b"{}")) == "InvalidSignatureException"


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
def test_an_old_or_early_signature_is_refused(minutes: int) -> None:
    assert refused(signed(), datetime.now(UTC) + timedelta(minutes=minutes)) == "InvalidSignatureException"


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_a_little(minutes: int) -> None:
    SIGNATURES.check(signed(), datetime.now(UTC) + timedelta(minutes=minutes))


def test_a_bad_date_is_refused() -> None:
    assert refused(changed(signed(), "x-amz-date", "ontem")) == "InvalidSignatureException"
    assert refused(changed(signed(), "x-amz-date", "20010101T000000Z")) == "InvalidSignatureException"

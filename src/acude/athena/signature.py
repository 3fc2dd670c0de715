"""AWS's Signature Version 4, checked: botocore's own signer says what the signature should have been."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from acude.athena.errors import ApiError

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<scope>\d{8}/[^/,\s]+/[^/,\s]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=5)
_MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-target"}
_HASH = "x-amz-content-sha256"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Received:
    """A request as it came; header names are in lower case."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, empty where it is missing or came twice."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else ""


class Signatures:
    """Knows who may ask.

    Args:
        secrets: each access key's secret.
        region: the only one.
        service: the only one, by its name in AWS's signatures.
    """

    def __init__(self, secrets: Mapping[str, str], region: str, service: str) -> None:
        self._secrets, self._region, self._service = secrets, region, service

    def check(self, received: Received, now: datetime | None = None) -> None:
        """Lets only requests through that somebody has signed who has the key.

        Raises:
            ApiError: As AWS answers; presigned addresses are not taken.
        """
        header = received.header("authorization").strip()
        given = _AUTHORIZATION.fullmatch(header)
        if not header:
            raise ApiError("Missing Authentication Token", "MissingAuthenticationTokenException", 403)
        if given is None:
            message = "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' of AWS4-HMAC-SHA256."
            raise ApiError(message, "IncompleteSignatureException", 403)
        if given["key"] not in self._secrets:
            raise ApiError("The security token included in the request is invalid.", "UnrecognizedClientException", 403)
        if problem := self._problem(given, received, now or datetime.now(UTC)):
            raise ApiError(problem, "InvalidSignatureException", 403)

    def _problem(self, given: re.Match[str], received: Received, now: datetime) -> str:
        stamp, signed = received.header("x-amz-date"), set(given["headers"].split(";"))
        try:
            signed_at = datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
        except ValueError:
            return f"Date in X-Amz-Date must be in the format YYYYMMDDTHHMMSSZ. Got: {stamp[:32]!r}"
        if given["scope"] != f"{stamp[:8]}/{self._region}/{self._service}":
            return f"Credential should be scoped to {stamp[:8]}, {self._region!r} and {self._service!r}."
        if abs(now - signed_at) > _SKEW:
            when = "expired" if signed_at < now else "not yet current"
            return f"Signature {when}: {stamp} is more than 5 min. away from {now.strftime(SIGV4_TIMESTAMP)}"
        if missing := _MUST_BE_SIGNED - signed:
            return f"These headers must be signed: {', '.join(sorted(missing))}"
        return (
            ""
            if hmac.compare_digest(given["signature"], self._signature(received, given["key"], signed))
            else _MISMATCH
        )

    def _signature(self, received: Received, key: str, signed: set[str]) -> str:
        request = AWSRequest(method=received.method, url=received.url, data=received.body)
        for name, value in received.headers:
            # Whatever the client says of its body: the signature is over the hash of the bytes that came.
            if name in signed and name != _HASH:
                request.headers.add_header(name, value)
        if _HASH in signed:
            request.headers[_HASH] = sha256(received.body).hexdigest()
        request.context["timestamp"] = received.header("x-amz-date")
        signer = SigV4Auth(Credentials(key, self._secrets[key]), self._service, self._region)
        return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))

"""What a client shows to MSK: a port that speaks TLS and Kafka up to the login, and checks the signature.

Nobody but AWS has the other end. Whether a signature is right, kafka-python's own code for it says, which none of the
platform's clients uses.
"""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from kafka.net.sasl.msk import AwsMskIamClient

from acude.local import certificates
from acude.settings import HOST

ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "MOCK_AWS_ACCESS_KEY", "MOCK_AWS_SECRET_KEY", "MOCK_AWS_TOKEN"
"""The credentials of the signer's own tests."""

REGION: Final = "sa-east-1"
NAME: Final = f"b-1.loja.abc123.c2.kafka.{REGION}.amazonaws.com"
"""A broker's name, as MSK gives them."""

_VERSIONS, _HANDSHAKE, _LOGIN = 18, 17, 36
_UNSUPPORTED, _REFUSED = 35, 58


class Shown(NamedTuple):
    """A login: the mechanism and the client's first message."""

    mechanism: str
    message: bytes

    def claims(self) -> dict[str, str]:
        """What is signed, and the signature, by AWS's names in lower case."""
        if self.mechanism == "AWS_MSK_IAM":
            return dict(json.loads(self.message))
        return claims_of(self.message.split(b"auth=Bearer ")[1].split(b"\x01")[0].decode())


def claims_of(token: str) -> dict[str, str]:
    """What a token says: a signed URL in base64."""
    url = urlsplit(base64.urlsafe_b64decode(token + "==").decode())
    assert (url.scheme, url.path) == ("https", "/")
    return {"host": str(url.hostname)} | {name.lower(): value for name, value in parse_qsl(url.query)}


def signature(claims: dict[str, str], region: str) -> str:
    """The signature that these claims need, by the secret key."""
    signer = AwsMskIamClient(claims["host"], ACCESS_KEY, SECRET_KEY, region, SESSION_TOKEN)
    signer.timestamp = claims["x-amz-date"]
    signer.datestamp = signer.timestamp[:8]
    return hmac.new(signer._signing_key, signer._signing_str.encode(), hashlib.sha256).hexdigest()


@contextmanager
def door(folder: Path) -> Iterator[tuple[int, list[Shown]]]:
    """The port, and what clients have shown at it. Its certificate is that of the folder's authority."""
    certificates.ensure(folder / "tls", [HOST, NAME])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls" / certificates.SERVER)
    shown: list[Shown] = []
    with socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=_listen, args=(server, context, shown), daemon=True)
        thread.start()
        yield server.getsockname()[1], shown
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _listen(server: socket.socket, context: ssl.SSLContext, shown: list[Shown]) -> None:
    while True:
        try:
            bare, _ = server.accept()
        except OSError:
            return
        with suppress(OSError, struct.error), context.wrap_socket(bare, server_side=True) as client:
            client.settimeout(10)
            _greet(client, shown)


def _greet(client: ssl.SSLSocket, shown: list[Shown]) -> None:
    """Answers in the oldest form of each request, which every client can."""
    mechanism = ""
    while frame := _frame(client):
        kind, version, number, size = struct.unpack_from(">hhih", frame)
        body = frame[10 + max(0, size) :]
        if kind == _VERSIONS:
            kinds = [(_HANDSHAKE, 0, 1), (_VERSIONS, 0, 0), (_LOGIN, 0, 0), (3, 0, 8)]
            answer = struct.pack(">hi", _UNSUPPORTED if version else 0, len(kinds))
            answer += b"".join(struct.pack(">hhh", *one) for one in kinds)
        elif kind == _HANDSHAKE:
            mechanism = body[2:].decode()
            answer = struct.pack(">hih", 0, 1, len(mechanism)) + mechanism.encode()
        else:
            assert kind == _LOGIN
            shown.append(Shown(mechanism, body[4:]))
            answer = struct.pack(">hh", _REFUSED, -1) + struct.pack(">i", 0)
        client.sendall(struct.pack(">ii", 4 + len(answer), number) + answer)


def _frame(client: ssl.SSLSocket) -> bytes:
    size = _exactly(client, 4)
    return _exactly(client, struct.unpack(">i", size)[0]) if size else b""


def _exactly(client: ssl.SSLSocket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = client.recv(size - len(found))
        if not part:
            return b""
        found += part
    return found

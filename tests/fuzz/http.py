"""Sends odd requests to the HTTP servers' own applications, in this process: each gets a 2xx or a 4xx, none raises.

`python -m tests.fuzz.http bodies|forms|queries SERVER SEED FIRST END STEP` prints how often each status came. A request
depends on what, server, seed and number alone, but for what the requests before it in the process have left behind.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson
from starlette.types import Message

from acude.payments.notifier import ALERTS_PATH
from acude.settings import HOST
from acude.simulator.stock import WAREHOUSES
from tests.fuzz.bodies import BODIES
from tests.fuzz.servers import SERVERS, App
from tests.fuzz.steps import Fuzz

_NAMES: Final = (b"cursor", b"limite", b"id_transacao", b"scope", b"", b"a[]", b"limite%00", b"%FF", b"\xe9")
_DIGITS: Final = (
    b"1",
    b"0",
    b"100",
    b"1000",
    b"1001",
    b"-1",
    b"1e2",
    b"1.0",
    b"%D9%A3",
    b"%C2%B2",
    b"9" * 30,
    b"9" * 5_000,
)
_ODD: Final = (
    b"", b"%", b"%0", b"%00", b"%FF", b"%ED%A0%BD", b"%C0%80", b"%F0%9F%98%80", b"%E9", b"\xe9", b"\xff\xfe", b"+",
    b"a b", b"=", b"==", b"%2F..%2F", b"%0D%0AX-A:%201", b"a" * 9_000, b"4111111111111111", b"52998224725", b"t-1",
    b"null", b"{}", b"[1]", b"'", b'"', b"<x>", b"%25%32%35", b"n", b"nn", b"n-1", b"n%2B1",
)  # fmt: skip
_PATHS: Final[dict[str, tuple[bytes, ...]]] = {
    "payment-api": (
        b"/transacoes/",
        b"/transacoes/t-1",
        b"/transacoes",
        b"/saude/viva",
        b"/saude/pronta",
        b"/docs",
        b"/",
    ),
    "issuer": (b"/jwks.json", b"/.well-known/oauth-authorization-server", b"/token", b"/"),
    "warehouses": (b"/armazens/%s/atualizacoes" % WAREHOUSES[0].encode(), b"/armazens/", b"/armazens", b"/saude"),
    "athena": (b"/", b"/health"),
    "blacklist": (b"/consultas", b"/modo", b"/saude", b"/"),
    "receiver": (b"/avisos", b"/modo", b"/recebidos", b"/saude", b"/"),
    "service": (b"/metrics", b"/viva", b"/pronta", ALERTS_PATH.encode(), b"/"),
}
_HOSTS: Final = (b"", b"[", b"]", b"[::1", b"[x]", b"a:b", b"x:99999", b"\xff", b"@", b"/", b"%00", b"9" * 5_000)
_HEADERS: Final[tuple[tuple[bytes, tuple[bytes, ...]], ...]] = (
    (b"idempotency-key", (b"", b"k-1", b"k" * 65, b"\xff", b"a b", b"4111111111111111")),
    (b"traceparent", (b"", b"\xff", b"00-" + b"f" * 32 + b"-" + b"1" * 16 + b"-01", b"x" * 9_000)),
    (b"content-type", (b"", b"\xff", b"text/plain", b"application/json; charset=utf-16", b"multipart/form-data")),
    (b"x-amz-target", (b"", b"AmazonAthena.", b"AmazonAthena.StartQueryExecution", b"\xff")),
    (b"x-amz-date", (b"", b"20261128T120000Z", b"99999999T999999Z", b"\xff")),
    (
        b"authorization",
        (b"", b"Bearer", b"Bearer x", b"Basic \xff", b"Basic Og==", b"Basic /w==", b"AWS4-HMAC-SHA256 x"),
    ),
)
_SIGNED: Final = (
    (b"authorization", b"AWS4-HMAC-SHA256 Credential=chave/20261128/us-east-1/athena/aws4_request, "
     b"SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + b"0" * 64),
    (b"x-amz-date", f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}".encode()),
    (b"x-amz-target", b"AmazonAthena.StartQueryExecution"),
)  # fmt: skip
_FORM: Final = (b"grant_type", b"client_id", b"client_secret", b"scope")
_GRANTS: Final = (b"client_credentials", b"client_credentials", b"password")
_PART: Final = b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'


class Sent(NamedTuple):
    """One request; path and query as they stand on the wire."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


def drawn(what: str, server: str, seed: int, number: int) -> Sent:
    """The request of that number."""
    draw = Random(f"{seed}/{what}/{server}/{number}")  # noqa: S311 - no secret
    headers = [(b"host", HOST.encode()), *_some_headers(draw)]
    if what == "bodies":
        method, path, asked, body = BODIES[server](draw, number)
        return Sent(method, path, b"", [*headers[:1], *asked], body)
    if what == "forms":
        kind, body = draw.choice((_urlencoded, _urlencoded, _multipart))(draw)
        return Sent("POST", b"/token", b"", [(b"content-type", kind), *headers], body)
    path = draw.choice(_PATHS[server])
    if path.endswith(b"/"):
        path += draw.choice((b"", draw.choice(_ODD).replace(b" ", b"%20")))
    if server == "payment-api" and draw.randrange(4):
        headers.append((b"authorization", b"Bearer loja"))
    if server == "athena" and draw.randrange(2):
        headers = [*headers[:1], *_SIGNED]
    if not draw.randrange(9):
        headers[0] = (b"host", draw.choice(_HOSTS))
    return Sent(draw.choice(("GET", "GET", "GET", "POST", "HEAD", "PUT")), path, _query(draw), headers, b"")


def _some_headers(draw: Random) -> list[tuple[bytes, bytes]]:
    return [(name, draw.choice(values)) for name, values in _HEADERS if not draw.randrange(6)]


def _query(draw: Random) -> bytes:
    """Pairs, joined and spelled in any way."""
    pairs = []
    for _ in range(draw.choice((0, 1, 1, 2, 3, 300))):
        value = draw.choice((draw.choice(_DIGITS), b"n" + draw.choice(_DIGITS), draw.choice(_ODD), draw.randbytes(4)))
        pairs.append(draw.choice(_NAMES) + draw.choice((b"=", b"=", b"=", b"")) + value)
    return draw.choice((b"&", b"&", b";", b"&&")).join(pairs)


def _urlencoded(draw: Random) -> tuple[bytes, bytes]:
    pairs = [name + b"=" + _field(draw, name) for name in _FORM if draw.randrange(5)]
    return b"application/x-www-form-urlencoded", draw.choice((b"&", b"&", b"&", b";")).join(pairs)


def _multipart(draw: Random) -> tuple[bytes, bytes]:
    file = (b"", b"", b"", b'; filename="a"', b"; filename*=utf-8''%FF", b"\r\nContent-Type: text/plain; charset=utf-7")
    parts = [_PART % (name, draw.choice(file), _field(draw, name)) for name in _FORM if draw.randrange(5)]
    body = b"".join(parts) + draw.choice((b"--x--\r\n", b"--x--\r\n", b"", b"--x"))
    return draw.choice((b"multipart/form-data; boundary=x",) * 3 + (b"multipart/form-data",)), body


def _field(draw: Random, name: bytes) -> bytes:
    if not draw.randrange(3):
        return draw.choice((draw.choice(_ODD), draw.choice(_DIGITS), draw.randbytes(9)))
    return {b"grant_type": draw.choice(_GRANTS), b"client_id": b"loja", b"client_secret": b"segredo"}.get(name, b"")


async def answered(app: App, sent: Sent) -> int:
    """The status of the answer, which is whole and, where it says that it is JSON, JSON."""
    body, came = sent.body or b"", list[Message]()
    pieces = [body[at : at + 3_000] for at in range(0, len(body), 3_000)] or [b""]

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        came.append(message)

    await app(_scope(sent), receive, send)
    begin, *rest = came
    assert not rest[-1].get("more_body", False)
    kind = dict(begin["headers"]).get(b"content-type", b"")
    if b"json" in kind and sent.method != "HEAD":
        orjson.loads(b"".join(one["body"] for one in rest))
    return int(begin["status"])


def _scope(sent: Sent) -> dict[str, Any]:
    """As uvicorn tells it."""
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": sent.method,
        "scheme": "http", "path": unquote(sent.path.decode("latin-1")), "raw_path": sent.path, "root_path": "",
        "query_string": sent.query, "headers": sent.headers, "client": (HOST, 1), "server": (HOST, 80), "state": {},
    }  # fmt: skip


async def check(app: App, requests: Sequence[Sent], found: Counter[int]) -> None:
    """Each of them is answered well or refused."""
    for sent in requests:
        status = await answered(app, sent)
        assert 200 <= status < 300 or 400 <= status < 500 or _has_no(sent.method, status), (status, sent)
        found[status] += 1


def _has_no(method: str, status: int) -> bool:
    """What http.server answers to methods that it has not."""
    return status == HTTPStatus.NOT_IMPLEMENTED and method not in {"GET", "POST"}


def main(fuzz: Fuzz) -> None:
    """Sends a server the requests."""
    what, server, seed, _ = fuzz
    found: Counter[int] = Counter()
    with SERVERS[server]() as app, asyncio.Runner() as runner:
        for requests in fuzz.steps(lambda number: drawn(what, server, seed, number)):
            runner.run(check(app, requests, found))
    print(*(f"{status}:{times}" for status, times in sorted(found.items())))


if __name__ == "__main__":
    main(Fuzz.asked())

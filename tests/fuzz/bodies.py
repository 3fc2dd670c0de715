"""Requests with odd bodies, each near what its server takes."""

import re
import time
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from acude.contracts.model import table
from acude.payments.notifier import ALERTS_PATH
from acude.payments.webhook import signature
from tests.fuzz.payloads import odd, payload, spelled
from tests.fuzz.servers import ALERTS_TOKEN, WEBHOOK_KEY

Pairs = list[tuple[bytes, bytes]]
_JSON: Final = (b"content-type", b"application/json")
_ID: Final = re.compile(rb'("id_transacao" ?: ?)"[A-Za-z0-9_.:@+-]+"')
_SIZES: Final = (b"9" * 5_000, b"0" * 5_000, b"1000001", b"-1", b"+1", b"1e2", b"\xb2", b"", b"1, 1")
_MOMENTS: Final = (b"", b"0", b"-1", b"x", b"9" * 5_000, b"\xb2", b"1e9", b" 1")


class Asked(NamedTuple):
    """A request's method, path, headers and body."""

    method: str
    path: bytes
    headers: Pairs
    body: bytes | None


def payment(draw: Random, number: int) -> Asked:
    """For the payment API."""
    # Mostly under an id of its own: the others are refused as another payment's.
    own = _ID.sub(rb'\1"t-%d"' % number, payload(draw, table("topics.transacoes")) or b"")
    body = own if draw.randrange(5) else payload(draw, table("topics.transacoes"))
    key = [(b"idempotency-key", b"k-%d" % draw.randrange(10**9))] if draw.randrange(2) else []
    return Asked("POST", b"/transacoes", [(b"authorization", b"Bearer loja"), _JSON, *key], body)


def question(draw: Random, _: int) -> Asked:
    """For the simulated list of documents."""
    if not draw.randrange(9):
        return Asked("PUT", b"/modo", [_JSON], spelled(draw, [(b'"modo"', b'"normal"')]))
    wanted = [odd(draw, b"") if not draw.randrange(5) else b'"52998224725"' for _ in range(draw.randrange(4))]
    return Asked("POST", b"/consultas", [_JSON], spelled(draw, [(b'"documentos"', b"[" + b",".join(wanted) + b"]")]))


def message(draw: Random, number: int) -> Asked:
    """For the simulated recipient of the webhook; mostly well signed."""
    if not draw.randrange(9):
        return Asked("GET", b"/recebidos", [], b"")
    data = odd(draw, b"1") if not draw.randrange(3) else b'{"decisao":"negar"}'
    body = spelled(draw, [(b'"tipo"', b'"alerta_risco"'), (b'"dados"', data)]) or b""
    name, moment = draw.choice((b"m-%d" % number, b"m-%d" % number, b"", b"\xff")), b"%d" % time.time()
    moment = moment if draw.randrange(5) else draw.choice(_MOMENTS)
    signed = signature(WEBHOOK_KEY, name.decode("latin-1"), moment.decode("latin-1"), body).encode()
    signed = signed if draw.randrange(9) else draw.choice((b"", b"v1,", b"\xff"))
    headers = [(b"webhook-id", name), (b"webhook-timestamp", moment), (b"webhook-signature", signed), _JSON]
    return Asked("POST", b"/avisos", [one for one in headers if draw.randrange(20)], body)


def alerts(draw: Random, _: int) -> Asked:
    """For the notifier's own port."""
    token = [(b"authorization", b"Bearer " + ALERTS_TOKEN.encode())] if draw.randrange(5) else []
    size = [(b"content-length", draw.choice(_SIZES))] if not draw.randrange(5) else []
    return Asked("POST", ALERTS_PATH.encode(), [*token, *size], spelled(draw, [(b'"alerts"', b"[]")]))


BODIES: Final[dict[str, Callable[[Random, int], Asked]]] = {
    "payment-api": payment, "blacklist": question, "receiver": message, "service": alerts,
}  # fmt: skip
"""Draws the request of a number, by server."""

"""Requests with odd bodies, each near what its server takes."""

import re
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from acude.athena.api import Api
from acude.contracts.model import table
from acude.payments.notifier import ALERTS_PATH
from acude.payments.webhook import signature
from acude.settings import HOST
from tests.fuzz.payloads import Fields, odd, payload, spelled
from tests.fuzz.servers import ALERTS_TOKEN, ATHENA_KEY, ATHENA_SECRET, WEBHOOK_KEY

Pairs = list[tuple[bytes, bytes]]
_JSON: Final = (b"content-type", b"application/json")
_ID: Final = re.compile(rb'("id_transacao" ?: ?)"[A-Za-z0-9_.:@+-]+"')
_PAYMENT: Final = table("topics.transacoes").for_clients()
_ATHENA: Final = Session().get_service_model("athena")
_OPERATIONS: Final = sorted(name for name in _ATHENA.operation_names if hasattr(Api, xform_name(name)))
_WORDS: Final = {
    "WorkGroup": "acude",
    "Catalog": "awsdatacatalog",
    "CatalogName": "AwsDataCatalog",
    "QueryString": "SELECT 1",
    "OutputLocation": "s3://resultados/a",
    "ClientRequestToken": "t" * 32,
    "NextToken": "0",
}
_TEXTS: Final = ("a", "primary", "SELECT 1;", "-- a", "s3://x", "t" * 200)
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
    own = _ID.sub(rb'\1"t-%d"' % number, payload(draw, _PAYMENT) or b"")
    body = own if draw.randrange(5) else payload(draw, _PAYMENT)
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


def operation(draw: Random, _: int) -> Asked:
    """For Athena's endpoint, well signed."""
    name = draw.choice(_OPERATIONS)
    shape: Any = _ATHENA.operation_model(name).input_shape
    body = spelled(draw, _members(draw, shape)) or b""
    sent = AWSRequest("POST", f"http://{HOST}/", data=body, headers={"X-Amz-Target": f"AmazonAthena.{name}"})
    SigV4Auth(Credentials(ATHENA_KEY, ATHENA_SECRET), "athena", "us-east-1").add_auth(sent)
    return Asked("POST", b"/", [(key.lower().encode(), value.encode()) for key, value in sent.headers.items()], body)


def _members(draw: Random, shape: Any) -> Fields:  # noqa: ANN401 - botocore's
    """A structure's required members, and some of the others."""
    chosen = [name for name in shape.members if name in shape.required_members or not draw.randrange(3)]
    return [(f'"{name}"'.encode(), _member(draw, name, shape.members[name])) for name in chosen]


def _member(draw: Random, name: str, shape: Any) -> bytes:  # noqa: ANN401 - botocore's
    match shape.type_name:
        case "structure":
            return b"{" + b",".join(b":".join(pair) for pair in _members(draw, shape)) + b"}"
        case "list":
            return b"[" + b",".join(_member(draw, name, shape.member) for _ in range(draw.randrange(1, 3))) + b"]"
        case "string":
            return f'"{_WORDS.get(name) or draw.choice(shape.enum or _TEXTS)}"'.encode()
        case other:
            return {"boolean": b"true", "map": b"{}"}.get(other, b"1")


BODIES: Final[dict[str, Callable[[Random, int], Asked]]] = {
    "payment-api": payment, "blacklist": question, "receiver": message, "service": alerts,
    "athena": operation,
}  # fmt: skip
"""Draws the request of a number, by server."""

"""The HTTP servers' own applications, without the servers behind them: what these would hold is in memory."""

import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from limits import RateLimitItemPerSecond
from starlette.types import Receive, Scope, Send

from acude.api import app as payment_api
from acude.api import issuer, transactions
from acude.api.auth import DECIDE, READ, Caller, unauthorised
from acude.api.claims import Claim
from acude.api.outbox import Headers, Sending
from acude.athena import server
from acude.athena.api import Api
from acude.athena.catalog import Catalog
from acude.athena.execution import PreparedStatements
from acude.athena.executions import Executions
from acude.athena.result_files import ResultFiles
from acude.athena.signature import Signatures
from acude.contracts.decoder import Decoder
from acude.contracts.model import table
from acude.kafka import health
from acude.payments.notifier import Notifier
from acude.payments.reservations import Contents, Wanted
from acude.payments.serde import TOPIC
from acude.payments.webhook import key_of
from acude.risk.first_decision import PaymentKey
from acude.settings import Settings
from acude.simulator import blacklist, receiver, warehouses
from acude.simulator.stock import Stock
from tests.fuzz.wire import over_the_wire

App = Callable[..., Awaitable[None]]
TAKEN_AT: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
ALERTS_TOKEN: Final = "alertas"
ATHENA_KEY: Final = "chave"
ATHENA_SECRET: Final = "segredo"
_WEBHOOK_SECRET: Final = "whsec_c2VncmVkbw=="
WEBHOOK_KEY: Final = key_of(_WEBHOOK_SECRET)
MUCH: Final = RateLimitItemPerSecond(10**9)


class Then(datetime):
    """A clock that stands where the payments of the fuzz are made."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Then":
        """The payments' time."""
        return cls.fromtimestamp(TAKEN_AT.timestamp(), tz)


class Verifier:
    """Knows the shop."""

    async def caller(self, token: str) -> Caller:
        if token != "loja":
            raise unauthorised("This is no token.")
        return Caller("loja", frozenset({DECIDE, READ}))


class Rate:
    """Admits everything."""

    async def admits(self, client: str) -> bool:
        return bool(client)


class Claims:
    """Remembers what was claimed, as Valkey does."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], bytes] = {}

    async def claim(self, wanted: Wanted) -> Claim:
        held = self._kept.setdefault((wanted.client, wanted.kind, wanted.name), wanted.content)
        return Claim.SAME if held == wanted.content else Claim.OTHER

    async def release(self, wanted: Wanted) -> None:
        del self._kept[wanted.client, wanted.kind, wanted.name]

    async def note_taken(self, wanted: Wanted) -> None:
        assert wanted.name

    async def is_taken(self, wanted: Wanted) -> bool:
        return bool(len(wanted.name) % 2)


class Broker:
    """Takes each payment; every other one is decided at once."""

    is_following = True

    def __init__(self) -> None:
        self._decoder = Decoder(table(f"topics.{TOPIC}"))
        self._payments: list[dict[str, Any]] = []
        self._decided: dict[str, dict[str, Any]] = {}

    def is_behind(self, longest_s: float) -> bool:
        return longest_s < 0

    def send(self, payload: bytes, way: str, key: str, headers: Headers) -> Sending:
        assert all(isinstance(value, bytes) for _, value in headers)
        assert way.encode()
        assert key.encode()
        self._payments.append(self._decoder.one(payload, TAKEN_AT))
        return Sending(taken=True)

    async def wait(self, payment: PaymentKey, timeout_s: float, send: Callable[[], None]) -> dict[str, Any] | None:
        assert timeout_s > 0
        send()
        if len(self._payments) % 2:
            return None
        paid = self._payments[-1]
        decided = paid | {
            "id_transacao": payment[1], "id_pagador": paid["id_pagador"], "decisao": "aprovar", "pontuacao": 3,
            "motivos": [], "timestamp": TAKEN_AT, "transacao_em": paid["timestamp"], "versao_regras": "1",
            "versao_modelo": "nenhum", "degradado": False, "causas": [], "latencia_ms": 1, "id_rastro": "r",
        }  # fmt: skip
        return self._decided.setdefault(payment[1], decided)

    def recent(self, id_transacao: str, _: str | None) -> dict[str, Any] | None:
        return self._decided.get(id_transacao)


@contextmanager
def _payment_api() -> Iterator[App]:
    """The payment API."""
    config = Settings(document_key="k" * 32)  # type: ignore[arg-type]
    app, broker = payment_api.create_app(config), Broker()
    app.state.verifier, app.state.rate, app.state.claims = Verifier(), Rate(), Claims()
    app.state.contents, app.state.decisions, app.state.outbox = Contents(config), broker, broker
    app.state.audit = SimpleNamespace(add=lambda _: None)
    app.state.reads = SimpleNamespace(decision=lambda *_: None, is_reserved=lambda one, _: one.endswith("1"))
    with mock.patch.object(transactions, "datetime", Then):
        yield alive(app, app.state.metrics)


def alive(app: App, shown: health.Health) -> App:
    """The application of a process that every request finds alive, however slow the machine is."""

    async def beating(scope: Scope, receive: Receive, send: Send) -> None:
        shown.beat()
        await app(scope, receive, send)

    return beating


@contextmanager
def _issuer() -> Iterator[App]:
    """The issuer of tokens."""
    with tempfile.TemporaryDirectory() as folder:
        yield issuer.create_app(Settings(var=Path(folder), risk_client_secret="segredo"), MUCH)  # type: ignore[arg-type]


@contextmanager
def _warehouses() -> Iterator[App]:
    """The warehouses' API."""
    yield warehouses.api(warehouses.Offer(Stock(), start=TAKEN_AT - timedelta(hours=1), end=TAKEN_AT, failures=0))


@contextmanager
def _athena() -> Iterator[App]:
    """Athena's endpoint, without engine and Glue: each query is done at once, and there is one table."""
    found = {"Name": "vendas", "DatabaseName": "gold"}
    catalog = Catalog(mock.Mock())
    for name, answer in {"databases": [found], "database": found, "tables": [found], "table": found}.items():
        setattr(catalog, name, mock.Mock(return_value=answer))
    executions = Executions(lambda one: one.end("SUCCEEDED"))
    api = Api(executions, catalog, ResultFiles(mock.Mock(), "resultados"), PreparedStatements(), workgroup="acude")
    yield server.create_app(api, Signatures({ATHENA_KEY: ATHENA_SECRET}, "us-east-1", "athena"), lambda: None)
    executions.close()


@contextmanager
def _blacklist() -> Iterator[App]:
    """The simulated list of documents."""
    yield blacklist.api()


@contextmanager
def _receiver() -> Iterator[App]:
    """The webhook's simulated recipient."""
    yield receiver.api(Settings(webhook_secret=_WEBHOOK_SECRET))  # type: ignore[arg-type]


@contextmanager
def _service() -> Iterator[App]:
    """A service's own port: the notifier's, which takes alerts, too."""
    config = Settings(alerts_token=ALERTS_TOKEN, webhook_url="")  # type: ignore[arg-type]
    notifier = Notifier(config, threading.Event(), mock.Mock())
    server = health.serve(notifier.health, config, 0, notifier.posts)
    notifier.health.ready = True
    yield alive(partial(over_the_wire, server.server_port), notifier.health)
    server.shutdown()
    server.server_close()


SERVERS: Final = {
    "payment-api": _payment_api, "issuer": _issuer, "warehouses": _warehouses, "athena": _athena,
    "blacklist": _blacklist, "receiver": _receiver, "service": _service,
}  # fmt: skip

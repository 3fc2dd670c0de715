"""Warehouses whose answers are none of ours: what one of them sends costs that update, or that warehouse, alone."""

import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from kafka.errors import MessageSizeTooLargeError

from acude.kafka.producer import MAX_REQUEST_BYTES
from acude.settings import Settings
from acude.stock import poller, warehouses
from acude.stock.poller import Poller

Answer = Callable[[], httpx.Response]

GOOD = '{"id":"a1","id_produto":"p1"}'
ODD: dict[str, str | bytes] = {
    "a lone surrogate": r'{"id":"1","id_produto":"p\ud83d"}',
    "a lone surrogate as a name": r'{"id":"1","\ud83d":1}',
    "bytes that are no UTF-8": b'{"id":"1","id_produto":"\xff"}',
    "nested deeply": '{"id":"1","id_produto":' + "[" * 9_000 + "]" * 9_000 + "}",
    "nested deeply, with brackets in texts": '{"id":"1","id_produto":' + '{"[":' * 9_000 + r'"]\"]"' + "}" * 9_001,
    "a number of thousands of digits": '{"id":"1","nivel_estoque":%s}' % ("9" * 5_000),
    "no object": "null",
    "a long product": '{"id":"1","id_produto":"%s"}' % ("p" * 1_500_000),
}


class Kept:
    """Takes records as a producer does, and refuses what one refuses before it is sent."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def send(self, _topic: str, value: bytes, key: bytes, headers: object) -> "Kept":
        assert headers
        if len(key) + len(value) > MAX_REQUEST_BYTES:
            raise MessageSizeTooLargeError
        self.values.append(value)
        return self

    def get(self, timeout: float) -> None:
        """Acknowledged."""

    @property
    def events(self) -> list[tuple[Any, Any]]:
        return [(event.get("id_armazem"), event.get("id_evento")) for event in map(json.loads, self.values)]


class Shop:
    """Warehouses, each with its answer, a broker and cursors."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[httpx.Request] = []
        self.producer = Kept()
        self.cursors: dict[str, str] = {}
        monkeypatch.setattr(poller, "connect", lambda *_: self.producer)
        monkeypatch.setattr(poller.Cursors, "read", lambda _, armazem: self._cursor(armazem))
        monkeypatch.setattr(poller.Cursors, "keep", lambda _, armazem, at: self.cursors.update({armazem: at}))
        monkeypatch.setattr(warehouses, "_MOST_PAUSE_S", 0)
        client, transport = httpx.AsyncClient, httpx.MockTransport(self._answer)
        monkeypatch.setattr(httpx, "AsyncClient", lambda **options: client(**options, transport=transport))
        self.poller = Poller(Settings(warehouses_url="http://armazens"))

    def _cursor(self, armazem: str) -> str | None:
        armazem.encode()  # as S3's client does with a key
        return self.cursors.get(armazem)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path == "/armazens":
            return httpx.Response(200, json={"armazens": list(self.answers)})
        return self.answers[request.url.path.split("/")[2]]()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    found = Shop(monkeypatch)
    found.answers["b"] = page('{"id":"b1","id_produto":"p1"}')
    yield found
    found.poller._warehouses.close()


def page(*updates: str | bytes) -> Answer:
    raw = [one if isinstance(one, bytes) else one.encode() for one in updates]
    body = b'{"atualizacoes":[%s],"proximo_cursor":"behind","mais":false}' % b",".join(raw)
    return lambda: httpx.Response(200, content=body)


@pytest.mark.parametrize("what", ODD)
def test_an_odd_update_is_sent_for_quarantine_to_name_and_holds_up_no_other(shop: Shop, what: str) -> None:
    shop.answers = {"a": page(ODD[what], GOOD), **shop.answers}
    outcome = shop.poller.round()
    assert (outcome.sent, outcome.failed, outcome.left_out) == (3, {}, 0)
    assert shop.producer.events == [("a", None if what == "no object" else "1"), ("a", "a1"), ("b", "b1")]
    assert shop.cursors == {"a": "behind", "b": "behind"}


def test_an_update_that_kafka_cannot_hold_is_left_out_by_name_and_holds_up_no_other(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    huge = '{"id":"enorme","id_produto":"%s"}' % ("p" * MAX_REQUEST_BYTES)
    shop.answers = {"a": page(huge, GOOD), **shop.answers}
    outcome = shop.poller.round()
    assert (outcome.sent, outcome.failed, outcome.left_out) == (2, {}, 1)
    assert shop.producer.events == [("a", "a1"), ("b", "b1")]
    assert shop.cursors == {"a": "behind", "b": "behind"}
    (line,) = [each.getMessage() for each in caplog.records]
    assert "enorme" in line
    assert len(line) < 300


@pytest.mark.parametrize("digits", [b'"\\ud83d"', b'"%s"' % (b"c" * 100_000), b"7"])
def test_a_cursor_that_no_address_can_carry_is_not_kept(shop: Shop, digits: bytes) -> None:
    body = b'{"atualizacoes":[%s],"proximo_cursor":%s,"mais":false}' % (GOOD.encode(), digits)
    shop.answers = {"a": lambda: httpx.Response(200, content=body), **shop.answers}
    outcome = shop.poller.round()
    assert list(outcome.failed) == ["a"]
    assert len(outcome.failed["a"]) < 1_000
    assert shop.cursors == {"b": "behind"}


async def endless() -> AsyncIterator[bytes]:
    """More than is taken, by far, and no more than a test's machine bears."""
    for _ in range(64):
        yield b" " * 2**20
    pytest.fail("the whole answer was read")


def bomb() -> httpx.Response:
    packed = gzip.compress(page(GOOD)().content)
    return httpx.Response(200, content=packed, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    "answer",
    [
        bomb,
        lambda: httpx.Response(200, content=endless()),
        lambda: httpx.Response(404, content=endless()),
        lambda: httpx.Response(500, content=endless()),
        lambda: httpx.Response(404, text="não há" * 100_000),
        lambda: httpx.Response(200, text="[" * 100_000),
        lambda: httpx.Response(200, text="{" * 100),
    ],
)
def test_an_answer_that_cannot_be_used_costs_its_warehouse_alone(shop: Shop, answer: Answer) -> None:
    shop.answers = {"a": answer, **shop.answers}
    outcome = shop.poller.round()
    assert list(outcome.failed) == ["a"]
    assert len(outcome.failed["a"]) < 1_000
    assert shop.producer.events == [("b", "b1")]


def test_a_warehouse_whose_name_no_address_can_carry_holds_up_no_other(shop: Shop) -> None:
    shop.poller._warehouses.ids = lambda: ["\ud83d", "b"]  # type: ignore[method-assign]
    outcome = shop.poller.round()
    assert list(outcome.failed) == ["\ud83d"]
    assert shop.producer.events == [("b", "b1")]


def test_answers_are_asked_for_as_they_are(shop: Shop) -> None:
    shop.poller.round()
    assert {request.headers["Accept-Encoding"] for request in shop.asked} == {"identity"}

"""A part that is only slow is waited for: on a busy machine an answer takes some hundred milliseconds."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from datetime import timedelta
from functools import partial
from unittest import mock

import httpx
import pytest

from acude.payments.blacklist import Blacklist
from acude.payments.decision_engine import DecisionEngine
from acude.payments.reservations import PATIENCE_S, Held, Reservations
from acude.payments.velocity_store import EntityHistory, connect_velocity_store
from acude.settings import Settings

SLOW_S = 0.35


@pytest.fixture
def slow_valkey() -> Iterator[str]:
    """The address of a server that knows of nothing, and takes its time to say so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            taken, _ = server.accept()
            with closing(taken):
                while asked := taken.recv(65_536):
                    time.sleep(SLOW_S if b"GET" in asked else 0)
                    taken.sendall(b"$-1\r\n" if b"GET" in asked else b"+OK\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield f"valkey://127.0.0.1:{server.getsockname()[1]}?protocol=2&lib_name=&lib_version="


def test_a_slow_velocity_store_is_waited_for(slow_valkey: str) -> None:
    store = connect_velocity_store(Settings(valkey_url=slow_valkey, velocity_key="k"))  # type: ignore[arg-type]
    assert store.decision_on(("", "t-1")) is None


def test_a_slow_external_list_is_waited_for() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        time.sleep(SLOW_S)
        return httpx.Response(200, json={"listados": []})

    transport = httpx.MockTransport(answer)
    with mock.patch.object(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport)):
        external = Blacklist(Settings(blacklist_url="http://lista/consulta"))
    try:
        assert external.ask(["52998224725"], 1.5) == {"52998224725": False}
    finally:
        external.close()


def test_slow_reservations_are_waited_for() -> None:
    answer: Future[list[Held]] = Future()
    held = [Held(b"", "transacoes/0/1", new=True)]
    later = threading.Timer(2 * SLOW_S, answer.set_result, [held])
    later.start()
    try:
        assert Reservations.wait(mock.Mock(), answer) == held
    finally:
        later.join()


def test_store_and_reservations_that_both_hang_cost_a_payment_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    reservations, now = mock.Mock(**{"wait.return_value": []}), [10.0]
    engine = DecisionEngine(mock.Mock(), reservations, mock.Mock(), mock.Mock(), timedelta(seconds=2))

    def hangs(_: object) -> EntityHistory:
        now[0] += PATIENCE_S
        return EntityHistory(complete=False)

    monkeypatch.setattr("acude.payments.decision_engine.time.monotonic", lambda: now[0])
    monkeypatch.setattr(engine, "_history", hangs)
    engine.decide([])
    (_, within_s), _ = reservations.wait.call_args
    assert within_s == pytest.approx(0)

"""Whoever sends a request slowly, or never ends it, keeps no connection; others do not notice."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http import HTTPStatus

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from acude.http_server import LARGEST_HEAD, SERVED, RequestsInTime
from acude.kafka import health
from acude.kafka.health import Health
from acude.settings import HOST, Settings

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Quick(RequestsInTime):
    within_s = 0.3


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, whatever is still to come."""
    del receive
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as probe:
        found: int = probe.getsockname()[1]
    how = SERVED | {"http": Quick, "lifespan": "off", "log_level": "critical", "timeout_keep_alive": 60}
    server = uvicorn.Server(uvicorn.Config(app, port=found, **how))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield found
    server.should_exit = True
    thread.join()


def rest(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    found = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def drip(connection: socket.socket, first: bytes) -> None:
    """Sends a byte now and then; returns when the server has closed."""
    connection.sendall(first)
    connection.settimeout(0.05)
    with suppress(ConnectionError):
        while True:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                if not connection.recv(65_536):
                    return


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        WHOLE[:-2],
        b"\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n",
        WHOLE + WHOLE[:-2],
    ],
    ids=["nothing", "a letter", "half a head", "a line end", "half a body", "a chunk", "half a second request"],
)
def test_a_request_that_does_not_end_is_not_waited_for(port: int, sent: bytes) -> None:
    with closing(socket.create_connection((HOST, port), timeout=30)) as connection:
        connection.sendall(sent)
        rest(connection)


def test_bytes_that_come_one_by_one_do_not_keep_a_connection(port: int) -> None:
    with closing(socket.create_connection((HOST, port))) as connection:
        drip(connection, WHOLE[:-2])


def test_whole_requests_keep_their_connection_however_long_it_rests(port: int) -> None:
    with closing(socket.create_connection((HOST, port), timeout=30)) as connection:
        for pause in (0.0, 2 * Quick.within_s, 2 * Quick.within_s):
            time.sleep(pause)
            connection.sendall(WHOLE)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_head_without_end_is_refused(port: int) -> None:
    with closing(socket.create_connection((HOST, port), timeout=30)) as connection:
        connection.sendall(WHOLE[:-2] + b"x: " + b"y" * LARGEST_HEAD)
        assert rest(connection).startswith(b"HTTP/1.1 400")


def test_a_body_may_be_larger_than_a_head(port: int) -> None:
    body = b"y" * (3 * LARGEST_HEAD)
    with closing(socket.create_connection((HOST, port), timeout=30)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(WHOLE)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.fixture
def metrics_port() -> Iterator[int]:
    """A service's own port, which takes a POST, too."""
    posts = {"/alertas": lambda _, body: HTTPStatus.OK if body == b"1" else HTTPStatus.BAD_REQUEST}
    server = health.serve(Health(), Settings(_env_file=None), 0, posts)  # type: ignore[call-arg]
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /viva HTTP/1.1\r\nHost: 127.0.0.1:9464", b"200"),
        (b"GET /viva HTTP/1.1\r\nHost: [", b"400"),
        (b"GET /viva HTTP/1.1\r\nHost: [x]", b"400"),
        (b"POST /alertas HTTP/1.1\r\nContent-Length: 1", b"200"),
        (b"POST /alertas HTTP/1.1\r\nContent-Length: 000000000001", b"200"),
        (b"POST /alertas HTTP/1.1\r\nContent-Length: " + b"9" * 5_000, b"413"),
        (b"POST /alertas HTTP/1.1\r\nContent-Length: \xb2", b"413"),
        (b"POST /alertas HTTP/1.1\r\nContent-Length:", b"413"),
    ],
    ids=lambda one: one[-24:].decode("latin-1"),
)
def test_whatever_the_head_says_a_servers_own_port_answers(metrics_port: int, asked: bytes, status: bytes) -> None:
    with closing(socket.create_connection((HOST, metrics_port), timeout=30)) as connection:
        connection.sendall(asked + b"\r\n\r\n" + (b"1" if status == b"200" and asked.startswith(b"POST") else b""))
        assert connection.recv(65_536).split()[1] == status


@pytest.mark.parametrize("first", [b"", b"GET /viva HTTP/1.1\r\n", b"GET /viva HTTP/1.1\r\nx: "])
def test_the_servers_of_metrics_wait_no_longer(
    metrics_port: int, monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(health, "_WITHIN_S", Quick.within_s)
    with closing(socket.create_connection((HOST, metrics_port))) as connection:
        drip(connection, first)

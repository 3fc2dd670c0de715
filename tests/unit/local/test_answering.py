"""A service that runs and does not answer, or says that its work stands still, is not up."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from acude.local import answering
from acude.local.answering import ask_all
from acude.local.service import Service
from acude.settings import HOST, Settings


@contextmanager
def server(**statuses: int) -> Iterator[str]:
    """An HTTP server that answers these statuses, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path[1:]])
            self.end_headers()
            self.wfile.write(f"what {self.path}\nsays".encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Nothing."""

    with HTTPServer((HOST, 0), Handler) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{found.server_port}"
        found.shutdown()


def service(name: str, health: str) -> Service:
    return Service(name=name, purpose="", command=[], ready=lambda _: None, address="", health=health)


@pytest.mark.parametrize(
    ("statuses", "state", "said"),
    [
        ({"pronta": 200}, "up", ""),
        ({"pronta": 503, "viva": 200}, "not ready", "/pronta answers 503: what /pronta says"),
        ({"pronta": 503, "viva": 503}, "hangs", "/viva answers 503: what /viva says"),
        ({"saude": 200}, "up", ""),
        ({"saude": 500}, "not ready", "/saude answers 500: what /saude says"),
    ],
)
def test_what_the_endpoints_say_is_told(statuses: dict[str, int], state: str, said: str) -> None:
    with server(**statuses) as url:
        found = ask_all([service("it", f"{url}/{next(iter(statuses))}")], Settings())["it"]
    assert found == (state, f"{url}{said}" if said else "")


def test_one_that_takes_connections_and_answers_nothing_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "_PATIENCE_S", 1)
    with socket.create_server((HOST, 0)) as silent, server(saude=200) as url:
        stopped = f"http://{HOST}:{silent.getsockname()[1]}/viva"
        found = ask_all([service("stopped", stopped), service("well", f"{url}/saude"), service("mute", "")], Settings())
    assert found == {"stopped": ("hangs", f"{stopped} does not answer within 1 s"), "well": ("up", "")}


def test_one_whose_port_is_closed_hangs() -> None:
    with socket.create_server((HOST, 0)) as gone:
        url = f"http://{HOST}:{gone.getsockname()[1]}/saude"
    assert ask_all([service("it", url)], Settings())["it"].state == "hangs"

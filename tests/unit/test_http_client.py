"""Other people's servers: whatever they answer, and however slowly, the caller goes on in time."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain, repeat
from typing import Final

import pytest

from acude.http_client import Answer, HttpClient, NoAnswerError, UnfitAnswerError

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


@contextmanager
def server(answers: Iterable[Iterable[bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers a question per connection in pieces, a tenth of a second apart; and what it was asked."""
    asked: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            for pieces in answers:
                with suppress(OSError):
                    taken, _ = listening.accept()
                    with closing(taken):
                        asked.append(taken.recv(65_536))
                        for piece in pieces:
                            taken.sendall(piece)
                            time.sleep(0.1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", asked


@pytest.fixture
def client() -> Iterator[HttpClient]:
    found = HttpClient(at_once=2)
    yield found
    found.close()


def ask(client: HttpClient, url: str, within_s: float = 5.0) -> Answer:
    return client.ask("POST", url, content=b"{}", within_s=within_s, most_bytes=100)


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(repeat(b""), id="silence"),
        pytest.param(chain([b"HTTP/1.1 200 OK\r\nX: "], repeat(b"a")), id="a head that drips"),
        pytest.param(repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n"), id="hints for ever"),
        pytest.param(
            chain([b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"], repeat(b"a", 50)), id="a body that drips"
        ),
    ],
)
def test_a_question_is_given_up_in_time_and_the_next_one_is_asked(client: HttpClient, endless: Iterable[bytes]) -> None:
    with server([endless]) as (url, _), pytest.raises(NoAnswerError, match="no whole answer in time"):
        ask(client, url, within_s=0.5)
    with server([[OK, b"\r\nok"]]) as (url, _):
        assert ask(client, url) == Answer(200, b"ok")


def test_what_one_answer_asks_to_remember_is_in_no_later_question(client: HttpClient) -> None:
    odd = OK + b"Set-Cookie: \xff=\xff\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\nok"
    with server([[odd], [OK + b"\r\nok"]]) as (url, asked):
        assert [ask(client, url), ask(client, url)] == [Answer(200, b"ok")] * 2
    assert b"cookie" not in asked[1].lower()


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", b"a" * 101], "too long"),
        ([OK + b"Content-Encoding: gzip\r\n\r\nok"], "compressed"),
    ],
)
def test_too_much_is_unfit(client: HttpClient, pieces: list[bytes], why: str) -> None:
    with server([pieces]) as (url, _), pytest.raises(UnfitAnswerError, match=why):
        ask(client, url)


@pytest.mark.parametrize(
    "garbage", [b"\xff\x00\r\n\r\n", b"HTTP/1.1 9 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_no_answer_is_said_without_what_was_sent(client: HttpClient, garbage: bytes) -> None:
    with server([[garbage]]) as (url, _), pytest.raises(NoAnswerError, match=r"^[A-Za-z]+Error$"):
        ask(client, url)


def test_a_redirect_is_the_answer(client: HttpClient) -> None:
    with server([[b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"]]) as (url, _):
        assert ask(client, url).status == 307


def test_a_client_that_has_ended_has_no_answer() -> None:
    client = HttpClient(at_once=1)
    client.close()
    with pytest.raises(NoAnswerError, match="ended"):
        ask(client, "http://127.0.0.1:1/")


def test_a_process_that_fails_while_it_starts_ends_although_its_client_was_not_closed() -> None:
    program = """
from acude.http_client import HttpClient

class Service:
    def __init__(self):
        self.client = HttpClient(at_once=1)
        raise ValueError("no configuration")

Service()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (1, "ValueError: no configuration")

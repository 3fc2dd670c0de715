"""The external list's breaker against a model of it, whatever the list answers and in which order."""

from dataclasses import dataclass
from functools import partial
from unittest import mock

import httpx
from hypothesis import given
from hypothesis import strategies as st

from acude.kafka.health import Health
from acude.payments import blacklist
from acude.payments.blacklist import Blacklist
from acude.settings import Settings

OPENS_AFTER, TRIES = 5, 2
OK, ERROR, LIE, WHILE = "ok", "error", "lie", "a while"
CONFIG = Settings(blacklist_url="http://lista/consulta")


@dataclass
class Server:
    """The list; every other document is on it."""

    mode: str = OK
    asked: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.mode == ERROR:
            return httpx.Response(500)
        listed = [one for one in httpx.Response(200, content=request.content).json()["documentos"] if is_listed(one)]
        return httpx.Response(200, json={"listados": ["of nobody"] if self.mode == LIE else listed})


def is_listed(document: str) -> bool:
    return int(document) % 2 == 0


@dataclass
class Model:
    """What a breaker is: closed, or open after N failures in a row; after a while one try decides."""

    failures: int = 0
    is_open: bool = False
    on_trial: bool = False

    def questions(self, *, good: bool) -> int:
        """How often the list is asked, and what the breaker is then."""
        asked = 0
        while not self.is_open and asked < TRIES:
            asked += 1
            if good:
                self.failures, self.on_trial = 0, False
                break
            self.failures += 1
            self.is_open = self.on_trial or self.failures >= OPENS_AFTER
            self.on_trial = False
        return asked

    def wait(self) -> None:
        self.is_open, self.on_trial = False, self.is_open


@given(st.lists(st.sampled_from([OK, ERROR, ERROR, LIE, WHILE]), max_size=40))
def test_the_list_is_asked_as_long_as_its_breaker_is_closed_and_nothing_wrong_is_believed(script: list[str]) -> None:
    server, model, health = Server(), Model(), Health()
    # Without a real transport's certificates, which take longer to read than all the answers.
    client = partial(httpx.AsyncClient, transport=httpx.MockTransport(server.answer))
    with mock.patch.object(httpx, "AsyncClient", client):
        asker = Blacklist(CONFIG)
    health.watch([asker.breaker])
    with mock.patch.object(blacklist, "_JITTER_S", 0), mock.patch.object(blacklist, "_LONGEST_S", 30):
        for number, step in enumerate(script):
            if step == WHILE:
                if model.is_open:
                    asker.breaker.half_open()
                    model.wait()
                continue
            server.mode, before, document = step, server.asked, str(number)
            found = asker.ask([document], 30)
            asked = model.questions(good=step == OK)
            assert server.asked - before == asked
            assert found == ({document: is_listed(document)} if step == OK and asked else {})
            shown = health.registry.get_sample_value("risco_disjuntor_aberto", {"nome": "lista_externa"})
            assert shown == float(model.is_open)
    asker.close()

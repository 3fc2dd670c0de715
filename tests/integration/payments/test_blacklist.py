"""The external list: asked in time, and never trusted with more than its answer."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pybreaker import STATE_CLOSED, STATE_OPEN

from acude.local.platform import Platform
from acude.payments.blacklist import Blacklist
from acude.risk.lists import ON_THE_LIST
from acude.settings import Settings
from acude.simulator.blacklist import Mode, api, is_listed
from acude.simulator.payments.documents import cpf
from tests.integration.payments.conftest import Shop, some_payments
from tests.integration.payments.serving import served
from tests.waiting import awaited

CLEAN = ["52998224725", "11222333000181", "12ABC34501DE35"]
LISTED = next(document for base in range(10**8, 10**9) if is_listed(document := cpf(base)))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A list of the tests' own."""
    with served(api()) as address:
        yield address


@pytest.fixture
def blacklist(url: str) -> Iterator[Blacklist]:
    behave(url, Mode.UP)
    found = Blacklist(Settings(blacklist_url=f"{url}/consultas"))
    yield found
    found.close()


def behave(url: str, mode: Mode) -> None:
    httpx.put(f"{url}/modo", json={"modo": mode}).raise_for_status()


def test_documents_are_looked_up_together(blacklist: Blacklist) -> None:
    assert blacklist.ask([*CLEAN, LISTED], 5) == {**dict.fromkeys(CLEAN, False), LISTED: True}


@pytest.mark.parametrize("mode", sorted(set(Mode) - {Mode.UP, Mode.FLAPPING}))
def test_a_list_that_misbehaves_says_nothing(blacklist: Blacklist, url: str, mode: Mode) -> None:
    behave(url, mode)
    assert blacklist.ask(CLEAN, 5) == {}


def test_one_failure_is_made_good_by_the_second_try(blacklist: Blacklist, url: str) -> None:
    behave(url, Mode.FLAPPING)
    assert blacklist.ask(CLEAN[:1], 5) == {CLEAN[0]: False}


def test_without_time_nobody_is_asked(blacklist: Blacklist) -> None:
    assert blacklist.ask(CLEAN, 0) == {}
    assert blacklist.ask(CLEAN, -1) == {}


def test_without_an_address_every_document_is_clean() -> None:
    assert Blacklist(Settings(blacklist_url="")).ask(CLEAN, 1) == dict.fromkeys(CLEAN, False)


def test_after_five_failures_it_is_left_alone_and_asked_again_later(blacklist: Blacklist, url: str) -> None:
    behave(url, Mode.BROKEN)
    for _ in range(3):
        blacklist.ask(CLEAN, 5)
    assert blacklist.breaker.current_state == STATE_OPEN
    behave(url, Mode.UP)
    assert blacklist.ask(CLEAN, 5) == {}
    blacklist.breaker.half_open()
    assert blacklist.ask(CLEAN[:1], 5) == {CLEAN[0]: False}
    assert blacklist.breaker.current_state == STATE_CLOSED


@pytest.fixture
def misbehaving(platform: Platform) -> Iterator[str]:
    """The platform's own list, well again afterwards."""
    url = f"http://127.0.0.1:{platform.config.blacklist_port}"
    yield url
    behave(url, Mode.UP)


def decided_of_the_listed(shop: Shop) -> dict[str, Any]:
    (listed,) = some_payments(1, documento_pagador=LISTED)
    shop.send([listed])
    (decision,) = shop.decisions([listed])[listed["id_transacao"]]
    return decision


def test_a_payer_on_the_list_is_refused_with_the_reason(shop: Shop) -> None:
    # On a busy machine the list may not answer in time, and then the decision says so.
    decision = awaited(lambda: decided_of_the_listed(shop), lambda found: "lista_externa" not in found["causas"])
    assert (decision["decisao"], decision["motivos"][0]) == ("negar", ON_THE_LIST)


@pytest.mark.parametrize("mode", [Mode.SLOW, Mode.WRONG])
def test_payments_are_decided_without_the_list_and_say_so(shop: Shop, misbehaving: str, mode: Mode) -> None:
    behave(misbehaving, mode)
    sent = some_payments(60)
    shop.send(sent)
    rows = [row for rows in shop.decisions(sent).values() for row in rows]
    assert len(rows) == len(sent)
    unasked = [row for row in rows if "lista_externa" in row["causas"]]
    assert unasked
    assert all(row["degradado"] for row in unasked)
    assert max(row["latencia_ms"] for row in rows) < 2_000

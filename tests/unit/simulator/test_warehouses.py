from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi.testclient import TestClient

from acude.simulator import warehouses
from acude.simulator.stock import Stock
from acude.simulator.warehouses import Offer, api

START = datetime(2026, 11, 20, tzinfo=UTC)
END = START + timedelta(minutes=10)


def client(failures: float = 0.0) -> TestClient:
    return TestClient(api(Offer(Stock(), START, END, failures)), "http://127.0.0.1", raise_server_exceptions=False)


def page(shop: TestClient, **query: str) -> httpx.Response:
    answer: httpx.Response = shop.get("/armazens/cd-sp/atualizacoes", params=query)
    return answer


def test_following_the_cursor_meets_every_update_once() -> None:
    shop, cursor, found, more = client(), "", [], True
    while more:
        answer = page(shop, limite="7", **({"cursor": cursor} if cursor else {})).json()
        found += [update["id"] for update in answer["atualizacoes"]]
        cursor, more = answer["proximo_cursor"], answer["mais"]
    assert found == [u.id_atualizacao for u in Stock().between(START, END) if u.id_armazem == "cd-sp"]
    assert len(found) == 300


def test_a_cursor_gives_the_same_page_again_also_after_a_restart() -> None:
    cursor = page(client(), limite="10").json()["proximo_cursor"]
    assert page(client(), cursor=cursor).json() == page(client(), cursor=cursor).json()


def test_a_cursor_at_the_end_stays_there() -> None:
    answer = page(client(), limite="300").json()
    last = page(client(), cursor=answer["proximo_cursor"]).json()
    assert last == {"atualizacoes": [], "proximo_cursor": answer["proximo_cursor"], "mais": False}


@pytest.mark.parametrize("cursor", ["300", "n-1", "nx", "n²", "n99999999"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    answer = page(client(), cursor=cursor)
    assert answer.status_code == 400
    assert cursor in answer.json()["detail"]


def test_an_unknown_warehouse_is_refused_with_the_known_ones() -> None:
    answer = client().get("/armazens/cd-xx/atualizacoes")
    assert answer.status_code == 404
    assert "cd-sp" in answer.json()["detail"]


def test_failures_have_their_share_and_health_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouses, "_SLOW_S", 0)
    monkeypatch.setattr(warehouses, "_HANGS_S", 0)
    shop = client(failures=0.5)
    codes = Counter(page(shop).status_code for _ in range(200))
    assert set(codes) == {200, 500, 503}
    # Half of the failures are answers that come late or too late.
    assert codes[500] + codes[503] == pytest.approx(50, rel=0.35)
    assert {shop.get("/saude").status_code for _ in range(50)} == {200}

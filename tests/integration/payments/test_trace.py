"""`acude trace` shows one payment from every store that answers, and names the others."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.local.platform import Platform
from acude.payments import trace_ids
from acude.payments.serde import ALERTS
from acude.settings import settings
from tests.integration.payments.conftest import Shop, some_payments, suspicious
from tests.servers import away

Api = Callable[..., httpx.Client]
Trace = dict[str, Any]


@pytest.fixture(autouse=True)
def no_lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The lake does not answer, whatever servers run beside; tests/integration/live/test_trace.py has one that does."""
    monkeypatch.setenv("ACUDE_ATHENA_ENDPOINT", "http://127.0.0.1:1")
    settings.cache_clear()
    yield
    settings.cache_clear()


def trace(wanted: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["trace", wanted, *arguments])


@retry(retry=retry_if_result(lambda found: found is None), stop=stop_after_delay(60), wait=wait_fixed(1))
def trace_with(wanted: str, *events: str) -> Trace | None:
    """The trace, once these events are in it."""
    answer = trace(wanted, "--json")
    found: Trace = json.loads(answer.stdout) if answer.exit_code == 0 else {"eventos": []}
    return found if set(events) <= {one["evento"] for one in found["eventos"]} else None


def ask(client: httpx.Client, payment: dict[str, Any], trace_id: str) -> dict[str, Any]:
    parent = {"traceparent": str(trace_ids.traceparent(trace_id)), "Content-Type": "application/json"}
    answer = client.post("/transacoes", content=json.dumps(payment), headers=parent)
    assert answer.headers["id-rastro"] == trace_id
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def test_a_payments_trace_has_api_topic_decision_alert_delivery_and_row_in_their_order(api: Api) -> None:
    (payment,), trace_id = suspicious(1), trace_ids.drawn()
    decision = ask(api(), payment, trace_id)
    assert decision["id_rastro"] == trace_id
    found = trace_with(payment["id_transacao"], "row of decisoes", "risk-notifier: delivered")
    assert found
    assert (found["id_transacao"], found["id_rastro"]) == (payment["id_transacao"], trace_id)
    moments = [one["em"] for one in found["eventos"]]
    assert moments == sorted(moments)
    events = {one["evento"]: one for one in found["eventos"]}
    assert events["payment taken"]["dados"] | {"bytes": 0} == {
        "registro": events["kept for an hour"]["dados"]["registro"],
        "bytes": 0,
        "entrada": "porta",
        "id_cliente": "loja",
    }
    assert events["risk-api: request"]["dados"]["status"] == 200
    for event in ("decision written", "alert written", "row of decisoes"):
        assert events[event]["dados"]["motivos"] == decision["motivos"]
        assert events[event]["dados"]["id_rastro"] == trace_id
    assert (events["row of decisoes"]["onde"], events["alert written"]["onde"]) == ("postgres", "kafka")
    assert found["sem_resposta"].keys() == {"athena"}


def test_by_its_trace_id_the_story_is_the_same(api: Api) -> None:
    (payment,), trace_id = suspicious(1), trace_ids.drawn()
    ask(api(), payment, trace_id)
    by_id = trace_with(payment["id_transacao"], "row of decisoes", "risk-notifier: delivered")
    assert by_id == trace_with(trace_id, "row of decisoes", "risk-notifier: delivered")


def test_a_payment_of_the_topic_has_the_trace_of_its_place_where_its_producer_gave_none(shop: Shop) -> None:
    (payment,) = some_payments(1)
    shop.send([payment])
    (decision,) = shop.decisions([payment])[payment["id_transacao"]]
    found = trace_with(payment["id_transacao"], "payment taken", "decision written")
    assert found
    (taken,) = [one for one in found["eventos"] if one["evento"] == "payment taken"]
    assert taken["dados"]["entrada"] == "topico"
    taken_ms = int(datetime.fromisoformat(taken["em"]).timestamp() * 1000)
    assert decision["id_rastro"] == trace_ids.of_place(taken["dados"]["registro"], taken_ms) == found["id_rastro"]


def test_a_story_tells_nothing_personal(api: Api) -> None:
    (payment,) = suspicious(1)
    ask(api(), payment, trace_ids.drawn())
    assert trace_with(payment["id_transacao"], "row of decisoes")
    for answer in (trace(payment["id_transacao"], "--json"), trace(payment["id_transacao"])):
        assert payment["documento_pagador"] not in answer.stdout
        assert payment["id_pagador"] not in answer.stdout


def test_a_table_for_people_has_every_event(api: Api) -> None:
    (payment,) = suspicious(1)
    decision = ask(api(), payment, trace_ids.drawn())
    assert trace_with(payment["id_transacao"], "row of decisoes", "alert written")
    shown = trace(payment["id_transacao"])
    for what in ("payment taken", "decision written", "alert written", "row of decisoes", decision["decisao"]):
        assert what in shown.stdout
    assert "the lake (athena) did not answer" in shown.stderr


def test_stores_that_are_down_are_named_and_the_others_answer(api: Api, platform: Platform, shop: Shop) -> None:
    (payment,), trace_id = suspicious(1), trace_ids.drawn()
    ask(api(), payment, trace_id)
    assert shop.read(ALERTS, {payment["id_transacao"]})
    with away(platform, "valkey", "postgres"):
        found = trace_with(trace_id, "payment taken", "decision written", "alert written", "risk-api: request")
    assert found
    assert found["sem_resposta"].keys() == {"postgres", "valkey", "athena"}
    assert found["id_transacao"] == payment["id_transacao"]


def test_what_nobody_knows_and_what_can_be_no_id_is_said_in_a_sentence(shop: Shop) -> None:
    del shop
    unknown = trace("nobody-made-it")
    assert unknown.exit_code == 1
    assert "No store that answers knows 'nobody-made-it'; athena did not answer." in unknown.stderr
    assert "can't be an id" in trace("x'; DROP TABLE decisoes --").stderr

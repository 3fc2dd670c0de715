"""Each payment on the topic gets exactly one decision, whatever dies on the way."""

import os
import signal
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.local.platform import Platform
from acude.payments.serde import ALERTS, DECISIONS
from acude.payments.store import Row, Store
from acude.payments.velocity_store import connect_velocity_store
from tests.integration.payments.conftest import Shop, some_payments
from tests.servers import away
from tests.waiting import awaited


@retry(retry=retry_if_result(lambda row: row is None), stop=stop_after_delay(30), wait=wait_fixed(0.2))
def stored(store: Store, id_transacao: str) -> Row | None:
    return store.decision(id_transacao)


def test_a_payment_is_decided_with_its_reasons_and_stored(shop: Shop, store: Store) -> None:
    (sent,) = some_payments(1, valor=99_000.0, operacao="pagamento")
    shop.send([sent])
    (decision,) = shop.decisions([sent])[sent["id_transacao"]]
    assert "VALOR_ALTO" in decision["motivos"]
    assert decision["versao_regras"]
    # Another test may have emptied the velocity store.
    assert set(decision["causas"]) <= {"historico"}
    row = stored(store, sent["id_transacao"])
    assert row is not None
    assert (row["decisao"], row["motivos"]) == (decision["decisao"], decision["motivos"])
    assert row["valor"] == Decimal("99000.00")


def test_cards_that_are_tried_one_after_another_are_refused_or_reviewed_and_raise_an_alert(shop: Shop) -> None:
    base, *_ = some_payments(1)
    common = {"tipo_pagamento": "credito", "operacao": "pagamento", "entrada": "online", "valor": 1.5}
    fields = {name: value for name, value in base.items() if name not in {"chave_pix", "id_carteira", "vencimento"}}
    fields |= {"id_dispositivo": f"d-{base['id_transacao']}", "ip": "203.0.113.77", "parcelas": 1} | common
    begin = datetime.fromisoformat(base["timestamp"])
    sent = [
        fields
        | {
            "id_transacao": f"{base['id_transacao']}-{number}",
            "token_cartao": f"tok_{uuid4().hex}",
            "timestamp": (begin + timedelta(seconds=number)).isoformat(),
        }
        for number in range(12)
    ]
    shop.send(sent)
    decisions = shop.decisions(sent)
    last = decisions[sent[-1]["id_transacao"]][0]
    assert last["decisao"] != "aprovar"
    assert "MUITOS_CARTOES_NO_DISPOSITIVO" in last["motivos"]
    alert = shop.read(ALERTS, {last["id_transacao"]})[last["id_transacao"]]
    assert [one["motivos"] for one in alert] == [last["motivos"]]


def test_a_payment_that_comes_twice_is_decided_once_and_counts_once(shop: Shop) -> None:
    (first,) = some_payments(1)
    shop.send([first, first])
    shop.send([first])
    decisions = shop.decisions([first])
    assert len(decisions[first["id_transacao"]]) == 1


def test_what_is_no_payment_gets_no_decision_and_stops_nothing(shop: Shop) -> None:
    wrong, right = some_payments(2)
    # One payer's payments are decided in their order.
    shop.send([wrong | {"valor": -1}, right | {"id_pagador": wrong["id_pagador"]}])
    decisions = shop.read(DECISIONS, {right["id_transacao"]})
    assert len(decisions[right["id_transacao"]]) == 1
    assert wrong["id_transacao"] not in decisions


def test_a_worker_killed_in_the_middle_leaves_no_payment_without_a_decision_and_none_with_two(
    shop: Shop, platform: Platform, store: Store
) -> None:
    sent = some_payments(1_500)
    for part in range(0, len(sent), 300):
        shop.send(sent[part : part + 300])
        pid = platform.pid("risk-worker")
        if pid and part in {300, 900}:
            os.kill(pid, signal.SIGKILL)
    decisions = shop.decisions(sent)
    assert {len(rows) for rows in decisions.values()} == {1}
    assert decisions.keys() == {one["id_transacao"] for one in sent}
    assert stored(store, sent[-1]["id_transacao"])


def test_without_valkey_payments_are_decided_and_marked_and_remembered_though_no_other_follows(
    shop: Shop, platform: Platform
) -> None:
    sent = some_payments(50)
    with away(platform, "valkey"):
        shop.send(sent)
        decisions = shop.decisions(sent)
    assert {len(rows) for rows in decisions.values()} == {1}
    assert {(row["degradado"], "memoria" in row["causas"]) for rows in decisions.values() for row in rows} == {
        (True, True)
    }
    velocity = connect_velocity_store(platform.config)
    awaited(lambda: [velocity.decision_on(("", one["id_transacao"])) for one in sent], all)


def test_decisions_of_an_outage_are_in_the_database_afterwards(shop: Shop, store: Store, platform: Platform) -> None:
    platform.stop("risk-recorder")
    sent = some_payments(20)
    shop.send(sent)
    assert len(shop.decisions(sent)) == len(sent)
    platform.start("risk-recorder")
    assert all(stored(store, one["id_transacao"]) for one in sent)


def test_a_worker_counts_what_it_decides_and_shows_whether_it_is_alive(shop: Shop, platform: Platform) -> None:
    url = f"http://127.0.0.1:{platform.config.risk_metrics_port}"
    before = counted(url)
    sent = some_payments(20)
    shop.send([*sent, sent[0], sent[1] | {"valor": -1}])
    assert len(shop.decisions(sent)) == len(sent)
    after = counted(url)
    assert after["risco_decisoes_total"] - before["risco_decisoes_total"] == len(sent)
    assert after["risco_latencia_segundos_count"] - before["risco_latencia_segundos_count"] == len(sent)
    assert after["risco_repetidas_total"] - before["risco_repetidas_total"] == 1
    assert after["risco_recusadas_total"] - before["risco_recusadas_total"] == 1
    assert after["risco_disjuntor_aberto"] == 0
    assert [httpx.get(url + path).status_code for path in ("/viva", "/pronta", "/outra")] == [200, 200, 404]


def counted(url: str) -> Counter[str]:
    """Sums of the worker's metrics over their labels."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(httpx.get(f"{url}/metrics").text):
        for sample in family.samples:
            found[sample.name] += sample.value  # type: ignore[assignment]
    return found

import json

from acude.contracts.model import table
from acude.simulator.stock import Stock, as_json
from acude.stock.poller import message


def test_an_update_becomes_an_event_with_exactly_the_contracts_fields() -> None:
    update = as_json(Stock().update("cd-sp", 12))
    event = json.loads(message("cd-sp", update))
    assert set(event) == set(table("topics.atualizacoes_estoque").column_names)
    assert event["id_evento"] == update["id"]
    assert event["id_armazem"] == "cd-sp"


def test_the_same_update_makes_the_same_bytes() -> None:
    update = as_json(Stock().update("cd-sp", 12))
    assert message("cd-sp", update) == message("cd-sp", dict(reversed(update.items())))


def test_what_a_warehouse_leaves_out_is_left_for_quarantine_to_name() -> None:
    event = json.loads(message("cd-sp", {"id": "x", "id_produto": "p1", "novidade": 1}))
    assert event == {"id_armazem": "cd-sp", "id_produto": "p1", "id_evento": "x"}

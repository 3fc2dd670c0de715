"""A payment that was asked at the payment API is found in the lake under the same trace."""

import json
import time
from typing import Any

import httpx
from typer.testing import CliRunner

from acude.cli import app
from acude.local.platform import Platform
from acude.payments import trace_ids
from tests.integration.payments.conftest import suspicious, token

WITHIN_S = 300
IN_THE_LAKE = {f"row of silver.{topic}" for topic in ("transacoes", "decisoes_risco", "alertas")}
LAST = IN_THE_LAKE | {"kept for an hour"}
"""What a payment need not wait for; on a busy machine the velocity store may take it later, too."""


def whole_trace(wanted: str) -> dict[str, Any]:
    deadline = time.monotonic() + WITHIN_S
    while True:
        answer = CliRunner().invoke(app, ["trace", wanted, "--json"])
        found: dict[str, Any] = json.loads(answer.stdout)
        if {one["evento"] for one in found["eventos"]} >= LAST:
            return found
        assert time.monotonic() < deadline, answer.output
        time.sleep(2)


def test_the_trace_of_a_payment_ends_in_the_lake(streams: Platform) -> None:
    config, trace_id, (payment,) = streams.config, trace_ids.drawn(), suspicious(1)
    headers = {
        "Authorization": f"Bearer {token(config, 'loja', config.risk_client_secret.get_secret_value())}",
        "Content-Type": "application/json",
        "traceparent": str(trace_ids.traceparent(trace_id)),
    }
    asked = httpx.post(f"{config.risk_url}/transacoes", content=json.dumps(payment), headers=headers, timeout=10)
    assert asked.json()["id_rastro"] == trace_id
    found = whole_trace(trace_id)
    assert found["sem_resposta"] == {}
    assert {one["onde"] for one in found["eventos"]} == {"log", "kafka", "valkey", "postgres", "athena"}
    places = {one["evento"]: one["dados"]["registro"] for one in found["eventos"] if "registro" in one["dados"]}
    assert places["payment taken"] == places["row of silver.transacoes"]
    assert places["decision written"] == places["row of silver.decisoes_risco"]
    assert places["alert written"] == places["row of silver.alertas"]
    bytes_in_bronze = [one["dados"] for one in found["eventos"] if one["evento"] == "bytes in bronze.eventos"]
    assert {one["registro"] for one in bytes_in_bronze} == {places[name] for name in IN_THE_LAKE}
    # Trace and client with the payment, the trace with decision and alert.
    assert sorted(one["cabecalhos"] for one in bytes_in_bronze) == [1, 1, 2]

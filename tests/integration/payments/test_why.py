"""A risk analyst asks why, and payers can be played."""

import json

from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.payments.serde import DECISIONS
from acude.risk.signals import all_signals
from tests.integration.payments.conftest import Shop, some_payments

PLAYED = 120


@retry(retry=retry_if_result(lambda answer: answer.exit_code != 0), stop=stop_after_delay(30), wait=wait_fixed(0.5))
def asked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["risk", "why", *arguments])


def test_a_refusal_is_shown_with_the_meaning_of_each_reason(shop: Shop) -> None:
    (sent,) = some_payments(1, valor=99_000.0, operacao="pagamento")
    shop.send([sent])
    (decision,) = shop.decisions([sent])[sent["id_transacao"]]
    shown = asked(sent["id_transacao"]).stdout
    assert decision["decisao"] in shown
    assert "99000.00 BRL" in shown
    assert all(code in shown for code in decision["motivos"])
    reasons = json.loads(asked(sent["id_transacao"], "--json").stdout)["motivos"]
    assert [one["codigo"] for one in reasons] == decision["motivos"]
    assert {"codigo": "VALOR_ALTO", "significado": all_signals()["valor_alto"].meaning} in reasons


def test_an_unknown_payment_is_said_in_a_sentence(shop: Shop) -> None:
    del shop
    answer = CliRunner().invoke(app, ["risk", "why", "nobody-made-it"])
    assert answer.exit_code == 3
    assert "There is no decision on 'nobody-made-it'" in answer.stderr


def test_played_payers_are_decided(shop: Shop) -> None:
    answer = CliRunner().invoke(app, ["risk", "simulate", "--rate", "40", "--duration", "3s", "--json"])
    assert answer.exit_code == 0, answer.stderr
    sent = json.loads(answer.stdout)
    assert sent["falhas"] == 0
    assert sum(sent["enviadas"].values()) == PLAYED
    assert decided(shop) >= PLAYED


@retry(retry=retry_if_result(lambda found: found < PLAYED), stop=stop_after_delay(30), wait=wait_fixed(0.5))
def decided(shop: Shop) -> int:
    """How many payments were decided since the test began; waits for those that were played."""
    return len(shop.read(DECISIONS, set()))

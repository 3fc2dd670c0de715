"""The payments' half: two weeks with known frauds, a model that learns from them in the lake, and decides.

Each run plays the 13 days before now, so that a payment's time lies within its contract's bounds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

import pyarrow as pa
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.athena.client import run_query
from acude.demo.landed import wait_until_landed
from acude.demo.properties import PropertyResult, Say
from acude.errors import AcudeError
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.lag import lags
from acude.payments.versions import Versions
from acude.reconciliation.payments import SETTLED, payment_rows
from acude.reconciliation.report import MoneyRow, SetRow
from acude.risk.decision import MODEL_PREFIX, Verdict
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.payments.play import Sent, play
from acude.simulator.payments.serde import DISPUTES

DAYS: Final = 13
PAYMENTS: Final = 8_000
FRAUD_SHARE: Final = 0.05
LABELS_AFTER: Final = timedelta(days=1)
LIVE: Final = timedelta(seconds=20)
LIVE_RATE: Final = 10.0
LIVE_FRAUDS: Final = 0.3
DAG: Final = "treinar_modelo"

_WITHIN_S: Final = 300
_RELOADED_S: Final = 10
"""Workers look for new rules each second."""

Answer = TypeVar("Answer")


class Decided(NamedTuple):
    """Payments with the same decision by the same model.

    Attributes:
        decisao: the decision.
        versao_modelo: the model's version.
        payments: how many.
        by_model: those that the model gave a reason for.
        silent: those without a reason.
        latency_ms: the longest.
    """

    decisao: str
    versao_modelo: str
    payments: int
    by_model: int
    silent: int
    latency_ms: int


@dataclass
class PaymentsResult:
    """What the payments' half did and found.

    Attributes:
        model: the version that decides now.
        metrics: figures of its card.
        properties: what held.
        decided: what was decided with the model.
    """

    model: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    properties: list[PropertyResult] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether all three properties held."""
        return len(self.properties) == 3 and all(one.held for one in self.properties)  # noqa: PLR2004 - 1 to 3


def run(platform: Platform, say: Say) -> PaymentsResult:
    """Plays the payments on a platform that is up.

    Args:
        platform: the workers, the streams and Airflow ready.
        say: called with a sentence at each step.
    """
    config, result = platform.config, PaymentsResult()
    begin = datetime.now(UTC) - timedelta(days=DAYS)
    say(f"{DAYS} days of payments: {PAYMENTS:,}, {FRAUD_SHARE:.0%} of them frauds, which come to light a day later")
    past = play(
        config,
        PAYMENTS / timedelta(days=DAYS).total_seconds(),
        timedelta(days=DAYS),
        start=begin,
        fraud_share=FRAUD_SHARE,
        labels_after=LABELS_AFTER,
    )
    if past.failed:
        raise AcudeError(f"The broker did not take {past.failed:,} payments.", "Look at `acude logs kafka`.")
    wait_until_landed(config, past.ledger, say)
    say("Waiting until each payment is decided, in the lake and in the database")
    result.properties.append(one_decision(config, begin.date(), past))
    with AirflowApi(config) as airflow:
        result.properties.append(learn(config, airflow, result, say))
    say(f"Model {result.model} decides: {LIVE.seconds} s of payments by the real clock")
    time.sleep(_RELOADED_S)
    now = play(config, LIVE_RATE, LIVE, seed=8, fraud_share=LIVE_FRAUDS)
    wait_until_landed(config, now.ledger, say)
    result.properties.append(decided_by_the_model(result, now))
    return result


def one_decision(config: Settings, first: date, sent: Sent) -> PropertyResult:
    """Each payment has exactly one decision, in the lake and in the database, to the cent."""

    def compared() -> tuple[list[MoneyRow], list[SetRow]]:
        # Nothing is sent any more: what was taken a moment ago is compared, too.
        return payment_rows(config, first, datetime.now(UTC).date(), datetime.now(UTC) + SETTLED)

    money, sets = patiently(compared, lambda found: not _is_whole(*found), _WITHIN_S)
    checked = max((row.checked for row in sets), default=0)
    held = _is_whole(money, sets) and checked >= sent.labels.total()
    places = {place for row in money for place in row.sums}
    evidence = (
        f"{checked:,} payments, {len(sets)} rules, broken by {sum(row.broken for row in sets)}; "
        f"money in {len(places)} places, {sum(not row.ok for row in money)} differences"
    )
    return PropertyResult("1 Each payment is decided once", held, evidence)


def _is_whole(money: Sequence[MoneyRow], sets: Sequence[SetRow]) -> bool:
    return bool(money and sets) and all(row.ok for row in money) and not any(row.broken for row in sets)


def learn(config: Settings, airflow: AirflowApi, result: PaymentsResult, say: Say) -> PropertyResult:
    """A model learns from the lake's payments, is audited and compared, and decides from then on."""
    patiently(lambda: [one for one in lags(config) if one.source == DISPUTES and one.behind], bool, _WITHIN_S)
    say("Airflow trains a model on the lake, audits it, compares it and promotes it")
    airflow.require_dag(DAG)
    last = datetime.now(UTC).date() - timedelta(days=1)
    asked = airflow.trigger(DAG, {"dia": last.isoformat(), "dias": DAYS, "promover": True})
    state = airflow.wait(DAG, asked).state.value
    versions = Versions(config)
    rules = versions.load(versions.live())
    result.model = rules.model_version
    result.metrics = dict(rules.model.card.metrics) if rules.model else {}
    known = result.metrics.get("fraudes", 0)
    evidence = (
        f"run: {state}; {result.model} learnt from {result.metrics.get('pagamentos', 0):,.0f} payments with "
        f"{known:,.0f} frauds, AUC {result.metrics.get('auc_roc', 0):.3f}, weight {rules.policy.modelo}"
    )
    return PropertyResult("2 A model learns from the lake", state == "success" and rules.model is not None, evidence)


def decided_by_the_model(result: PaymentsResult, sent: Sent) -> PropertyResult:
    """The workers have taken the model over, and each refusal and review says why."""
    total = sent.labels.total()
    rows = patiently(lambda: _decided(sent), lambda found: sum(row.payments for row in found) < total, _WITHIN_S)
    result.decided = rows
    named = sum(row.payments for row in rows if row.versao_modelo == result.model)
    silent = sum(row.silent for row in rows if row.decisao != Verdict.APPROVE)
    evidence = (
        f"{named} of {total} payments decided by {result.model}, {sum(row.by_model for row in rows)} with reasons of "
        f"its own; refused or reviewed without a reason: {silent}"
    )
    return PropertyResult("3 It decides, and says why", named == total and not silent, evidence)


def _decided(sent: Sent) -> list[Decided]:
    ids = ", ".join(f"'{one}'" for one in pa.concat_tables(ledgers.read_run(sent.ledger))["id_evento"].to_pylist())
    answer = run_query(
        "SELECT decisao, versao_modelo, count(*), "  # noqa: S608 - ids of ours
        f"count_if(any_match(motivos, motivo -> starts_with(motivo, '{MODEL_PREFIX}'))), "
        "count_if(cardinality(motivos) + cardinality(causas) = 0), max(latencia_ms) "
        f"FROM silver.decisoes_risco WHERE id_transacao IN ({ids}) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [Decided(*row) for row in answer.rows]


def patiently(ask: Callable[[], Answer], is_wrong: Callable[[Answer], bool], seconds: float) -> Answer:
    """The answer once it is right; the last one where it never is."""
    found: Answer = retry(
        retry=retry_if_result(is_wrong),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(1),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )(ask)()
    return found

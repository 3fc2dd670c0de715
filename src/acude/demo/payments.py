"""The payments' half: 13 days with known frauds, a model that learns from them in the lake, and decides.

Each run plays the 13 days before now, so that a payment's time lies within its contract's bounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

import httpx
import pyarrow as pa
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.athena.client import run_query
from acude.demo.landed import wait_until_landed
from acude.demo.properties import PropertyResult, Say
from acude.errors import AcudeError
from acude.local.platform import Platform
from acude.local.servers import risk
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.lag import lags
from acude.payments.versions import Versions
from acude.reconciliation.payments import SETTLED, payment_rows
from acude.reconciliation.report import MoneyRow, SetRow
from acude.risk.decision import MODEL_PREFIX, Verdict
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.payments.play import PlaySummary, play
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
Answer = TypeVar("Answer")


class DecisionCount(NamedTuple):
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
        properties: what held.
        decided: what was decided with the model.
    """

    model: str = ""
    properties: list[PropertyResult] = field(default_factory=list)
    decided: list[DecisionCount] = field(default_factory=list)

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
        result.model, learnt = model_from_the_lake(config, airflow, say)
    result.properties.append(learnt)
    wait_until_workers_have(config, result.model, say)
    say(f"Model {result.model} decides: {LIVE.seconds} s of payments by the real clock")
    now = play(config, LIVE_RATE, LIVE, seed=8, fraud_share=LIVE_FRAUDS)
    wait_until_landed(config, now.ledger, say)
    result.properties.append(decided_by_the_model(result, now))
    return result


def one_decision(config: Settings, first: date, sent: PlaySummary) -> PropertyResult:
    """Each payment has exactly one decision, in the lake and in the database, to the cent."""

    def compared() -> tuple[list[MoneyRow], list[SetRow]]:
        # Nothing is sent any more: what was taken a moment ago is compared, too.
        return payment_rows(config, first, datetime.now(UTC).date(), datetime.now(UTC) + SETTLED)

    money, sets = patiently(compared, lambda found: not _is_whole(*found), _WITHIN_S)
    checked = max((row.checked for row in sets), default=0)
    held = _is_whole(money, sets) and checked >= sent.labels.total()
    places = {place for row in money for place in row.sums}
    evidence = (
        f"{checked:,} payments on these days, {sent.labels.total():,} of them played now; {len(sets)} rules, "
        f"broken by {sum(row.broken for row in sets)}; "
        f"money in {len(places)} places, {sum(not row.ok for row in money)} differences"
    )
    return PropertyResult("1 Each payment is decided once", held, evidence)


def _is_whole(money: Sequence[MoneyRow], sets: Sequence[SetRow]) -> bool:
    return bool(money and sets) and all(row.ok for row in money) and not any(row.broken for row in sets)


def model_from_the_lake(config: Settings, airflow: AirflowApi, say: Say) -> tuple[str, PropertyResult]:
    """A model learns from the lake's payments, is audited and compared, and decides from then on: its version.

    Raises:
        AcudeError: what came to light of the payments doesn't reach the lake.
    """
    if patiently(lambda: _disputes_wait(config), bool, _WITHIN_S):
        raise AcudeError(
            f"What came to light of the payments did not reach silver within {_WITHIN_S} s.",
            "Look at `acude logs streams`.",
        )
    say("Airflow trains a model on the lake, audits it, compares it and promotes it")
    airflow.require_dag(DAG)
    last = datetime.now(UTC).date() - timedelta(days=1)
    asked = airflow.trigger(DAG, {"dia": last.isoformat(), "dias": DAYS, "promover": True})
    state = airflow.wait(DAG, asked).state.value
    versions = Versions(config)
    rules = versions.load(versions.live())
    metrics = rules.model.card.metrics if rules.model else {}
    evidence = (
        f"run: {state}; {rules.model_version} learnt from {metrics.get('pagamentos', 0):,.0f} payments with "
        f"{metrics.get('fraudes', 0):,.0f} frauds, AUC {metrics.get('auc_roc', 0):.3f}, weight {rules.policy.modelo}"
    )
    held = state == "success" and rules.model is not None
    return rules.model_version, PropertyResult("2 A model learns from the lake", held, evidence)


def _disputes_wait(config: Settings) -> bool:
    """Whether disputes are not in the lake yet, or nobody can tell."""
    return any(one.behind != timedelta() for one in lags(config) if one.source == DISPUTES)


def wait_until_workers_have(config: Settings, model: str, say: Say) -> None:
    """Until every worker says that it decides with this model.

    Raises:
        AcudeError: one doesn't within five minutes.
    """
    say("Waiting until the workers have loaded it")
    addresses = [str(one.address) for one in (risk.worker(config), *risk.own_workers(config))]
    if patiently(lambda: [one for one in addresses if not _decides_with(one, model)], bool, _WITHIN_S):
        raise AcudeError(f"The workers do not decide with model {model}.", "Look at `acude logs risk-worker`.")


def _decides_with(address: str, model: str) -> bool:
    versions = (line for line in httpx.get(address).text.splitlines() if line.startswith("risco_versao{"))
    return any(f'modelo="{model}"' in one and 'papel="viva"' in one for one in versions)


def decided_by_the_model(result: PaymentsResult, sent: PlaySummary) -> PropertyResult:
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


def _decided(sent: PlaySummary) -> list[DecisionCount]:
    ids = ", ".join(f"'{one}'" for one in pa.concat_tables(ledgers.read_run(sent.ledger))["id_evento"].to_pylist())
    answer = run_query(
        "SELECT decisao, versao_modelo, count(*), "  # noqa: S608 - ids of ours
        f"count_if(any_match(motivos, motivo -> starts_with(motivo, '{MODEL_PREFIX}'))), "
        "count_if(cardinality(motivos) + cardinality(causas) = 0), max(latencia_ms) "
        f"FROM silver.decisoes_risco WHERE id_transacao IN ({ids}) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [DecisionCount(*row) for row in answer.rows]


def patiently(ask: Callable[[], Answer], is_wrong: Callable[[Answer], bool], seconds: float) -> Answer:
    """The answer once it is right; the last one where it never is."""
    found: Answer = retry(
        retry=retry_if_result(is_wrong),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(1),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )(ask)()
    return found

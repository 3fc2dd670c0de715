"""Whether the three properties of the payments' half held, by what the servers hold."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pyarrow as pa

from acude.athena.client import run_query
from acude.demo.result import DecisionCount, PaymentsResult, PropertyResult, Say
from acude.demo.waiting import WITHIN_S, patiently
from acude.errors import AcudeError
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.lag import lags
from acude.payments.versions import Versions
from acude.reconciliation.payments import SETTLED, payment_rows
from acude.reconciliation.report import MoneyRow, SetRow
from acude.risk.decision import MODEL_PREFIX, Verdict
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.payments.play import PlaySummary
from acude.simulator.payments.serde import DISPUTES

DAG: Final = "treinar_modelo"


def one_decision(config: Settings, first: date, sent: PlaySummary) -> PropertyResult:
    """Each payment has exactly one decision, in the lake and in the database, to the cent."""

    def compared() -> tuple[list[MoneyRow], list[SetRow]]:
        # Nothing is sent any more: what was taken a moment ago is compared, too.
        return payment_rows(config, first, datetime.now(UTC).date(), datetime.now(UTC) + SETTLED)

    money, sets = patiently(compared, lambda found: not _is_whole(*found))
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


def model_from_the_lake(config: Settings, airflow: AirflowApi, days: int, say: Say) -> tuple[str, PropertyResult]:
    """A model learns from the lake's payments, is audited and compared, and decides from then on: its version.

    Raises:
        AcudeError: what came to light of the payments doesn't reach the lake.
    """
    if patiently(lambda: _disputes_wait(config), bool):
        raise AcudeError(
            f"What came to light of the payments did not reach silver within {WITHIN_S} s.",
            "Look at `acude logs streams`.",
        )
    say("Airflow trains a model on the lake, audits it, compares it and promotes it")
    airflow.require_dag(DAG)
    last = datetime.now(UTC).date() - timedelta(days=1)
    asked = airflow.trigger(DAG, {"dia": last.isoformat(), "dias": days, "promover": True})
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


def decided_by_the_model(result: PaymentsResult, sent: PlaySummary) -> PropertyResult:
    """The workers have taken the model over, and each refusal and review says why."""
    total = sent.labels.total()
    rows = patiently(lambda: _decided(sent), lambda found: sum(row.payments for row in found) < total)
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

"""Decides silver's payments again, with the code that decides them live: what another policy would have answered.

Each payment is decided with the past that its worker had (`known_pasts`).
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from acude.risk.decision import DEFECT, Decision, Reason, decide, undecided
from acude.risk.lists import ON_THE_LIST
from acude.risk.model import CARD, GRAPH, Model
from acude.risk.payment import Payment
from acude.risk.policy import Policy
from acude.risk.velocity import Past
from acude.risk_history.known_pasts import Pasts, Silver, groups_of, in_order, read_silver

log = logging.getLogger(__name__)

_SCORED: Final = (
    "id_cliente string, id_transacao string, timestamp timestamp, valor decimal(18,2), decisao string, pontuacao int, "
    "motivos array<string>, versao_regras string, defeito boolean"
)
_ARROW: Final = pa.schema(
    [
        ("id_cliente", pa.string()),
        ("id_transacao", pa.string()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("valor", pa.decimal128(18, 2)),
        ("decisao", pa.string()),
        ("pontuacao", pa.int32()),
        ("motivos", pa.list_(pa.string())),
        ("versao_regras", pa.string()),
        ("defeito", pa.bool_()),
    ]
)


def score_history(
    spark: SparkSession, first_day: date, last_day: date, policy: Policy, *, model: Path | None = None
) -> DataFrame:
    """What a policy would have decided on the payments of some days. Nothing is computed before the frame is used.

    Args:
        spark: a classic session or a Connect client; it reads silver.
        first_day: UTC day of the payments' own times, included; the days around them only make their past.
        last_day: included.
        policy: thresholds, weights and cut-offs.
        model: folder of a trained model, asked where the policy gives it a weight.

    Returns:
        One row per payment of silver.transacoes: `id_cliente`, `id_transacao`, `timestamp` (UTC), `valor`, `decisao`,
        `pontuacao` (thousandths), `motivos` (the heaviest first), `versao_regras`, `defeito` (a rule or the model
        failed).
    """
    silver = read_silver(spark, first_day, last_day)
    return scored(silver, policy, model=model, groups=groups_of(spark))


def scored(silver: Silver, policy: Policy, *, model: Path | None = None, groups: int = 1) -> DataFrame:
    """The payments that are asked for, each decided in the light of those that were decided before it.

    Args:
        silver: what is known of them.
        policy: thresholds, weights and cut-offs.
        model: folder of a trained model.
        groups: number of groups that payers are divided into; groups are decided side by side.

    Returns:
        As `score_history`. A payment with a defect is `revisar` unless a list refuses it, as it is live.
    """
    rules = policy.model_dump_json()
    # Its bytes go with the tasks: executors on other machines don't see this one's folders.
    files = {name: (model / name).read_bytes() for name in (CARD, GRAPH)} if model else None

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        asked = Model.of(files, "the model to score with") if files else None
        scorer = _Scorer(Policy.model_validate_json(rules), asked)
        for batch in batches:
            yield pa.RecordBatch.from_pylist(scorer.score(batch.to_pylist()), _ARROW)

    return in_order(silver, groups=groups).mapInArrow(run, _SCORED)


class _Scorer:
    """Decides payments in the order in which they come, group after group."""

    def __init__(self, policy: Policy, model: Model | None) -> None:
        self._policy = policy
        self._model = model if policy.modelo else None
        self._pasts = Pasts()

    def score(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What is decided on those of the rows that ask for it."""
        return [_row(past.payment, self._decide(past, lists)) for past, lists in self._pasts.of(rows)]

    def _decide(self, past: Past, lists: Collection[str]) -> Decision:
        listed = [Reason(ON_THE_LIST, self._policy.lista_externa)] if ON_THE_LIST in lists else []
        try:
            return decide(past, self._policy, self._model.opinion(past) if self._model else None, listed)
        except MemoryError:
            # It lies in no payment.
            raise
        except Exception:
            # As live: one payment's defect must not stop the others.
            log.exception("defect", extra={"record": past.payment.id_transacao})
            return undecided(past, self._policy, listed, [DEFECT])


def _row(payment: Payment, decision: Decision) -> dict[str, Any]:
    return {
        "id_cliente": payment.id_cliente,
        "id_transacao": payment.id_transacao,
        "timestamp": payment.timestamp,
        "valor": payment.valor,
        "decisao": str(decision.verdict),
        "pontuacao": round(decision.score * 1000),
        "motivos": [reason.code for reason in decision.reasons],
        "versao_regras": decision.rules_version,
        "defeito": DEFECT in decision.degraded,
    }

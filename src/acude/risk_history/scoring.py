"""Decides silver's payments again, with the code that decides them live: what another policy would have answered.

Each payment is decided with the history that its worker had: the payments that were decided before it, in that order,
and of each entity as many as the velocity store keeps. A payment that came late, or a fraud that came to light late, is
not part of the history of payments that were decided earlier.
"""

import logging
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.kafka.records import ARRIVAL
from acude.lake.delta import read_days
from acude.risk.comparison import Label
from acude.risk.decision import Decision, Reason, decide, undecided
from acude.risk.first_decision import CLIENT
from acude.risk.lists import ON_THE_LIST, Listed
from acude.risk.model import Model
from acude.risk.payment import ENTITIES, FIELD_OF, RECORD, Payment, Records, of_fields, record
from acude.risk.policy import Policy
from acude.risk.velocity import KEPT, Past, with_record
from acude.risk_history.first_decision import first_decisions
from acude.risk_history.payments import DECISIONS, DISPUTES, PAYMENTS

log = logging.getLogger(__name__)

BLOCKED: Final = "NA_LISTA_DE_BLOQUEIO"
ALLOWED: Final = "NA_LISTA_DE_PERMISSAO"
_LISTS: Final = (ON_THE_LIST, BLOCKED, ALLOWED)
"""Reason codes that tell what was on which list when it was decided."""

_KEPT_DAYS: Final = KEPT.days + 1
_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Payment))
_PLACE: Final = ARRIVAL[1:]
_ORDER: Final = ("decidido_em", *ARRIVAL)
"""A worker decides a batch at one moment, in the order of arrival."""
_SCORED: Final = (
    "id_cliente string, id_transacao string, timestamp timestamp, valor decimal(18,2), decisao string, pontuacao int, "
    "motivos array<string>, versao_regras string"
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
    ]
)


def score_history(
    spark: SparkSession, first_day: date, last_day: date, policy: Policy, *, model: Path | None = None
) -> DataFrame:
    """What a policy would have decided on the payments of some days. Nothing is computed before the frame is used.

    Args:
        spark: a classic session or a Connect client; it reads silver.
        first_day: UTC day of the payments' own times, included; the 38 days before it only make their past.
        last_day: included.
        policy: thresholds, weights and cut-offs.
        model: folder of a trained model, asked where the policy gives it a weight.

    Returns:
        One row per payment of silver.transacoes: `id_cliente`, `id_transacao`, `timestamp` (UTC), `valor`, `decisao`,
        `pontuacao` (thousandths), `motivos` (the heaviest first), `versao_regras`.
    """
    since = first_day - timedelta(days=_KEPT_DAYS)
    payments = read_days(spark, table(PAYMENTS), since, last_day)
    # A decision may be much later than its payment, or a day before it: clocks may be ahead.
    decisions = read_days(spark, table(DECISIONS), since - timedelta(days=1), date.max)
    disputes = read_days(spark, table(DISPUTES), since - timedelta(days=1), date.max)
    groups = int(spark.conf.get("spark.sql.shuffle.partitions") or 1)
    return scored(payments, decisions, disputes, first_day, policy, model=model, groups=groups)


def scored(
    payments: DataFrame,
    decisions: DataFrame,
    disputes: DataFrame,
    first_day: date,
    policy: Policy,
    *,
    model: Path | None = None,
    groups: int = 1,
) -> DataFrame:
    """The payments from a day on, each decided in the light of those that were decided before it.

    Args:
        payments: rows of silver.transacoes, also of the 38 days before.
        decisions: rows of silver.decisoes_risco on them. They tell the order, and whether the payer's document was on
            the external list, and what was on the block or allow list: nobody can ask again.
        disputes: rows of silver.contestacoes on them: which payments at terminals were found to be frauds, and when.
        first_day: UTC day of the first payments to decide.
        policy: thresholds, weights and cut-offs.
        model: folder of a trained model.
        groups: number of groups that payers are divided into; groups are decided side by side.

    Returns:
        As `score_history`. A payment on which a rule or the model failed is `revisar` without reasons, as it is live.
    """
    known = _with_what_was_known(payments, decisions, first_day)
    rules = policy.model_dump_json()

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorer = _Scorer(Policy.model_validate_json(rules), Model.load(model) if model else None)
        for batch in batches:
            yield pa.RecordBatch.from_pylist(scorer.score(batch.to_pylist()), _ARROW)

    return (
        _for_each_group(known, _at_terminals(disputes), groups)
        .repartition(groups, "grupo")
        .sortWithinPartitions("grupo", *_ORDER)
        .mapInArrow(run, _SCORED)
    )


def _with_what_was_known(payments: DataFrame, decisions: DataFrame, first_day: date) -> DataFrame:
    """The payments' fields with `decidido_em` (when it was taken, where nothing was decided), `listas`, `pedido`."""
    answers = first_decisions(decisions).select(
        _client(),
        "id_transacao",
        f.col("transacao_em").alias("timestamp"),
        f.col("timestamp").alias("decidida_em"),
        f.array_intersect("motivos", f.array(*(f.lit(code) for code in _LISTS))).alias("nas_listas"),
    )
    named = payments.withColumn("topico", f.coalesce("topico", f.lit(table(PAYMENTS).name)))
    joined = named.withColumn("_cliente", _client()).join(answers, ["_cliente", "id_transacao", "timestamp"], "left")
    return joined.select(
        *_FIELDS,
        f.coalesce("decidida_em", "carimbo_kafka").alias("decidido_em"),
        *_ORDER[1:],
        f.coalesce("nas_listas", f.array().cast("array<string>")).alias("listas"),
        (f.col("data") >= f.lit(first_day)).alias("pedido"),
    )


def _client() -> Column:
    """Without nulls, which no join brings together."""
    return f.coalesce(CLIENT, f.lit("")).alias("_cliente")


def _at_terminals(disputes: DataFrame) -> DataFrame:
    """What the workers learn of frauds, in its place among the decisions: when the broker had it."""
    return disputes.where("id_terminal IS NOT NULL").select(
        "id_terminal",
        "id_transacao",
        f.unix_micros("transacao_em").alias("fraude_us"),
        (f.col("resultado") == f.lit(str(Label.HONEST))).alias("honesta"),
        f.col("carimbo_kafka").alias("decidido_em"),
        "carimbo_kafka",
        f.lit(table(DISPUTES).name).alias("topico"),
        "particao",
        "deslocamento",
    )


def _for_each_group(known: DataFrame, frauds: DataFrame, groups: int) -> DataFrame:
    """A copy of each payment for every group that asks for the past of one of its entities, and so of each fraud.

    Adds `grupo`, `entidades` (those of its entities that the group asks for) and `decidir`.
    """
    own = f.pmod(f.xxhash64("id_pagador"), f.lit(groups)).cast("int")
    touches = known.select(*_PLACE, "pedido", own.alias("grupo"), f.explode(_entities()).alias("e"))
    touches = touches.where("e.chave IS NOT NULL").select("*", "e.*").drop("e")
    wanted = touches.where("pedido").select("entidade", "chave", "grupo").distinct()
    copies = (
        touches.drop("grupo", "pedido")
        .join(wanted, ["entidade", "chave"])
        .groupBy(*_PLACE, "grupo")
        .agg(f.collect_set("entidade").alias("entidades"))
    )
    terminals = wanted.where("entidade = 'terminal'").select(f.col("chave").alias("id_terminal"), "grupo")
    return (
        known.join(copies, [*_PLACE])
        .withColumn("decidir", f.col("pedido") & (own == f.col("grupo")))
        .unionByName(frauds.join(terminals, "id_terminal"), allowMissingColumns=True)
    )


def _entities() -> Column:
    return f.array(
        *(f.struct(f.lit(name).alias("entidade"), f.col(FIELD_OF[name]).alias("chave")) for name in ENTITIES)
    )


class _Scorer:
    """Decides payments in the order in which they come, group after group."""

    def __init__(self, policy: Policy, model: Model | None) -> None:
        self._policy = policy
        self._model = model if policy.modelo else None
        self._group: int | None = None
        self._pasts: dict[tuple[str, str], Records] = {}
        self._frauds: dict[str, dict[str, int]] = {}

    def score(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What is decided on those of the rows that ask for it."""
        found = []
        for row in rows:
            if row["grupo"] != self._group:
                self._group, self._pasts, self._frauds = row["grupo"], {}, {}
            if row["fraude_us"] is not None:
                self._learn(row)
                continue
            payment = of_fields({name: row[name] for name in _FIELDS})
            if row["decidir"]:
                found.append(_row(payment, self._decide(payment, row["listas"])))
            self._add(payment, row["entidades"])
        return found

    def _decide(self, payment: Payment, lists: Collection[str]) -> Decision:
        pasts = {name: self._pasts[key] for name, key in _keys(payment, ENTITIES) if key in self._pasts}
        frauds = np.sort(np.fromiter(self._frauds.get(payment.id_terminal or "", {}).values(), np.int64))
        past = Past(payment, pasts, frauds, listed=Listed(bloqueio=BLOCKED in lists, permissao=ALLOWED in lists))
        listed = [Reason(ON_THE_LIST, self._policy.lista_externa)] if ON_THE_LIST in lists else []
        try:
            return decide(past, self._policy, self._model.opinion(past) if self._model else None, listed)
        except Exception:
            # As live: one payment's defect must not stop the others.
            log.exception("defect", extra={"record": payment.id_transacao})
            return undecided(past, self._policy, listed, ())

    def _learn(self, row: dict[str, Any]) -> None:
        """Keeps when a fraud at a terminal was made; one that was none, after all, is forgotten."""
        frauds = self._frauds.setdefault(row["id_terminal"], {})
        if row["honesta"]:
            frauds.pop(row["id_transacao"], None)
        else:
            frauds[row["id_transacao"]] = row["fraude_us"]

    def _add(self, payment: Payment, entities: list[str]) -> None:
        """Makes the payment part of its entities' past; of each the newest are kept, as in the velocity store."""
        own = np.frombuffer(record(payment), RECORD)
        for _, key in _keys(payment, entities):
            self._pasts[key] = with_record(self._pasts.get(key), own)


def _keys(payment: Payment, entities: Iterable[str]) -> list[tuple[str, tuple[str, str]]]:
    return [(name, (name, value)) for name in entities if (value := payment.entity(name))]


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
    }

"""Each of silver's payments with the past that its worker had, in Spark.

That is the payments that were decided before it, in that order, and of each entity as many as the velocity store keeps.
A payment that came late, or a fraud that came to light late, is not part of the past of payments that were decided
earlier.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.kafka.records import ARRIVAL
from acude.lake.delta import read_days
from acude.risk.comparison import Label
from acude.risk.disputes import Dispute, Standing
from acude.risk.first_decision import KEY, PaymentKey, key_of
from acude.risk.history import UNKNOWN, History, with_record
from acude.risk.lists import ON_THE_LIST, Listed
from acude.risk.payment import ENTITIES, FIELD_OF, RECORD, Payment, microseconds, of_fields, record
from acude.risk.velocity import KEPT, Past
from acude.risk_history.first_decision import client, first_decisions
from acude.risk_history.payments import DECISIONS, DISPUTES, PAYMENTS

BLOCKED: Final = "NA_LISTA_DE_BLOQUEIO"
ALLOWED: Final = "NA_LISTA_DE_PERMISSAO"
_LISTS: Final = (ON_THE_LIST, BLOCKED, ALLOWED)
"""Reason codes that tell what was on which list when it was decided."""

KEPT_DAYS: Final = KEPT.days + 1
"""So many days before a payment may be part of its past."""

_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Payment))
_PLACE: Final = ARRIVAL[1:]
DECIDED: Final = ("decidido_em", *ARRIVAL)
"""A worker decides a batch at one moment, in the order of arrival."""


class Silver(NamedTuple):
    """What is known of the payments of some days.

    Attributes:
        first: UTC day of the first payments whose past is asked for.
        last: of the last ones.
        payments: rows of silver.transacoes, also of the days around: 38 days before, and as many later as a payment may
            come late, for those dated later may be decided before it.
        decisions: rows of silver.decisoes_risco on them. They tell the order, and whether the payer's document was on
            the external list, and what was on the block or allow list: nobody can ask again.
        disputes: rows of silver.contestacoes on them: which payments were found to be frauds, when, and where.
    """

    first: date
    last: date
    payments: DataFrame
    decisions: DataFrame
    disputes: DataFrame


def read_silver(spark: SparkSession, first: date, last: date, known_at: datetime | None = None) -> Silver:
    """What is known of the payments of some days and of their pasts.

    Args:
        spark: a classic session or a Connect client.
        first: UTC day.
        last: this day included.
        known_at: what reached the broker later is left out, UTC; nothing is where it is None.
    """
    since, until = first - timedelta(days=KEPT_DAYS), _later(last)

    def known(name: str, begin: date, end: date) -> DataFrame:
        rows = read_days(spark, table(name), begin, end)
        return rows.where(f.col("carimbo_kafka") < f.lit(known_at)) if known_at else rows

    return Silver(
        first,
        last,
        known(PAYMENTS, since, until),
        # A decision may be much later than its payment, or a day before it: clocks may be ahead.
        known(DECISIONS, since - timedelta(days=1), date.max),
        known(DISPUTES, since - timedelta(days=1), date.max),
    )


def _later(last: date) -> date:
    """The day of the latest payments that may be decided before one of a day."""
    late = min(table(PAYMENTS).behind or KEPT, KEPT)
    return last + late if last < date.max - late else date.max


def groups_of(spark: SparkSession) -> int:
    """How many groups of payers are worked on side by side."""
    return int(spark.conf.get("spark.sql.shuffle.partitions") or 1)


def in_order(silver: Silver, *, groups: int = 1, entities: Collection[str] = tuple(ENTITIES)) -> DataFrame:
    """The rows that `Pasts` takes, a group of payers per partition, each in the order in which things came to pass.

    Args:
        silver: what is known.
        groups: number of groups that payers are divided into; they are worked on side by side.
        entities: whose pasts are asked for.
    """
    known = _with_what_was_known(silver)
    return (
        _for_each_group(known, _disputes(silver.disputes), groups, entities)
        .repartition(groups, "grupo")
        .sortWithinPartitions("grupo", *DECIDED)
    )


def _with_what_was_known(silver: Silver) -> DataFrame:
    """The payments' fields with `decidido_em` (when it was taken, where nothing was decided), `listas`, `pedido`."""
    answers = first_decisions(silver.decisions).select(
        client().alias("_cliente"),
        "id_transacao",
        f.col("transacao_em").alias("timestamp"),
        f.col("timestamp").alias("decidida_em"),
        f.array_intersect("motivos", f.array(*(f.lit(code) for code in _LISTS))).alias("nas_listas"),
    )
    named = silver.payments.withColumn("topico", f.coalesce("topico", f.lit(table(PAYMENTS).name)))
    joined = named.withColumn("_cliente", client()).join(answers, ["_cliente", "id_transacao", "timestamp"], "left")
    return joined.select(
        *_FIELDS,
        f.coalesce("decidida_em", "carimbo_kafka").alias("decidido_em"),
        *_PLACE,
        f.coalesce("nas_listas", f.array().cast("array<string>")).alias("listas"),
        f.col("data").between(f.lit(silver.first), f.lit(silver.last)).alias("pedido"),
    )


def _disputes(disputes: DataFrame) -> DataFrame:
    """What the workers learn of frauds, in its place among the decisions: when the broker had it."""
    return disputes.select(
        "id_terminal",
        client(),
        "id_transacao",
        f.col("timestamp").alias("conhecida_em"),
        f.unix_micros("transacao_em").alias("fraude_us"),
        (f.col("resultado") == f.lit(str(Label.HONEST))).alias("honesta"),
        f.col("carimbo_kafka").alias("decidido_em"),
        "carimbo_kafka",
        f.lit(table(DISPUTES).name).alias("topico"),
        "particao",
        "deslocamento",
    )


def _for_each_group(known: DataFrame, disputes: DataFrame, groups: int, entities: Collection[str]) -> DataFrame:
    """A copy of each payment for every group that asks for the past of one of its entities.

    And one of each dispute for every group that asks for a terminal that any dispute on the same payment names.

    Adds `grupo`, `entidades` (those of its entities that the group asks for) and `decidir`.
    """
    own = f.pmod(f.xxhash64("id_pagador"), f.lit(groups)).cast("int")
    touches = known.select(*_PLACE, "pedido", own.alias("grupo"), f.explode(_keys_of(entities)).alias("e"))
    touches = touches.where("e.chave IS NOT NULL").select("*", "e.*").drop("e")
    wanted = touches.where("pedido").select("entidade", "chave", "grupo").distinct()
    copies = (
        touches.drop("grupo", "pedido")
        .join(wanted, ["entidade", "chave"])
        .groupBy(*_PLACE, "grupo")
        .agg(f.collect_set("entidade").alias("entidades"))
    )
    terminals = wanted.where("entidade = 'terminal'").select(f.col("chave").alias("id_terminal"), "grupo")
    told = disputes.join(terminals, "id_terminal").select(*KEY, "grupo").distinct()
    return (
        known.join(copies, [*_PLACE])
        .withColumn("decidir", f.col("pedido") & (own == f.col("grupo")))
        .unionByName(disputes.join(told, list(KEY)), allowMissingColumns=True)
    )


def _keys_of(entities: Iterable[str]) -> Column:
    return f.array(
        *(f.struct(f.lit(name).alias("entidade"), f.col(FIELD_OF[name]).alias("chave")) for name in entities)
    )


class Pasts:
    """Follows the rows of `in_order`, group after group, and keeps what a worker would know."""

    def __init__(self) -> None:
        self._group: int | None = None
        self._records: dict[tuple[str, str], History] = {}
        self._frauds: dict[str, dict[PaymentKey, int]] = {}
        self._disputed: dict[PaymentKey, Standing] = {}

    def of(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Past, Collection[str]]]:
        """The past of each payment that asks for it, and the codes of the lists that it was on."""
        for row in rows:
            if row["grupo"] != self._group:
                self._group, self._records, self._frauds, self._disputed = row["grupo"], {}, {}, {}
            if row["fraude_us"] is not None:
                self._learn(row)
                continue
            payment = of_fields({name: row[name] for name in _FIELDS})
            if row["decidir"]:
                yield self._past(payment, row["listas"]), row["listas"]
            self._add(payment, row["entidades"])

    def _past(self, payment: Payment, lists: Collection[str]) -> Past:
        pasts = {name: self._records[key] for name, key in _keys(payment, ENTITIES) if key in self._records}
        frauds = np.sort(np.fromiter(self._frauds.get(payment.id_terminal or "", {}).values(), np.int64))
        listed = Listed(bloqueio=BLOCKED in lists, permissao=ALLOWED in lists)
        return Past(payment, pasts, frauds, listed=listed)

    def _learn(self, row: Mapping[str, Any]) -> None:
        """Keeps when a fraud at a terminal was made; one that was none, after all, is forgotten."""
        found = Dispute(
            key_of(row), row["id_terminal"], row["fraude_us"], microseconds(row["conhecida_em"]), row["honesta"]
        )
        before = self._disputed.get(found.payment, Standing())
        now = self._disputed[found.payment] = before.after(found)
        self._frauds.get(before.id_terminal or "", {}).pop(found.payment, None)
        if now.id_terminal and not now.honest:
            self._frauds.setdefault(now.id_terminal, {})[found.payment] = now.at_us

    def _add(self, payment: Payment, entities: Collection[str]) -> None:
        """Makes the payment part of its entities' past; of each the newest are kept, as in the velocity store."""
        own = np.frombuffer(record(payment), RECORD)
        for _, key in _keys(payment, entities):
            self._records[key] = with_record(self._records.get(key, UNKNOWN), own)


def _keys(payment: Payment, entities: Iterable[str]) -> list[tuple[str, tuple[str, str]]]:
    return [(name, (name, value)) for name in entities if (value := payment.entity(name))]

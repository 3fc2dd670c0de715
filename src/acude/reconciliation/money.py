"""The money of each day and currency in each place, each read by a client of its own."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.athena.client import run_query
from acude.contracts.model import table
from acude.lake.delta import each_day, table_path
from acude.lake.snapshot import snapshot
from acude.reconciliation.report import Key, MoneyRow, Sums, compare
from acude.reconciliation.source_files import inbox_sums
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.warehouse.connection import connect


def sales_rows(config: Settings, first: date, last: date) -> list[MoneyRow]:
    """Sales: inbox files, silver, gold, warehouse, Athena; and the shop's own, from its ledger to its exported file."""
    inbox, shop = inbox_sums(config, first, last)
    places = {
        "inbox": inbox,
        "silver": _lake(config, "silver.vendas", first, last),
        "gold região": _lake(config, "gold.vendas_por_regiao", first, last),
        "gold categoria": _lake(config, "gold.vendas_por_categoria", first, last),
        "warehouse": _warehouse(config, "vendas", first, last),
        "warehouse região": _warehouse(config, "vendas_por_regiao", first, last),
        "athena": _athena("gold.vendas_por_regiao", "receita", first, last),
        "athena silver": _athena("silver.vendas", "quantidade * preco", first, last),
    }
    ledger = {key: value for key, value in _ledger_sales(config).items() if key in shop}
    return compare(places) + compare({"ledger": ledger, "inbox": shop})


def purchase_rows(config: Settings, spark: SparkSession, first: date, last: date) -> list[MoneyRow]:
    """Purchase events: the producer's ledger, silver and Athena; only what carries the ledger's event ids."""
    ledger = ledgers.read(config.var)
    bought = ledger.filter(
        (pc.field("tipo") == "valido")
        & pc.field("valor").is_valid()
        & (pc.field("dia") >= pa.scalar(first))
        & (pc.field("dia") <= pa.scalar(last))
    )
    if not bought.num_rows:
        return []
    silver = _purchases(spark, first, last)
    # A send without an answer may have arrived or not: it counts where silver has it.
    arrived = _unanswered_in(silver, bought)
    counted = _once(pa.concat_tables([ledgers.first_arrivals(bought), arrived]))
    known = spark.createDataFrame(bought.select(["id_evento"])).distinct()
    sums = silver.join(known, "id_evento", "left_semi").groupBy("data", "moeda").agg(f.sum("valor").alias("valor"))
    places = {
        "ledger": _sums("compras", ((r["dia"], r["moeda"], r["valor"]) for r in counted.to_pylist())),
        "silver": _sums("compras", (tuple(row) for row in sums.collect())),
    }
    if not silver.join(known, "id_evento", "left_anti").limit(1).count():
        places["athena"] = _athena(
            "silver.eventos_clientes",
            "quantidade * preco",
            first,
            last,
            more="AND tipo_evento = 'compra'",
            flow="compras",
        )
    return compare(places)


def _purchases(spark: SparkSession, first: date, last: date) -> DataFrame:
    events = spark.read.format("delta").load(table_path(table("silver.eventos_clientes")))
    return events.where(_between(first, last) & f.col("preco").isNotNull() & f.col("quantidade").isNotNull()).select(
        "data", "moeda", "id_evento", (f.col("quantidade") * f.col("preco")).alias("valor")
    )


def _unanswered_in(silver: DataFrame, bought: pa.Table) -> pa.Table:
    unanswered = bought.filter(pc.field("resposta") != ledgers.CONFIRMED)
    if not unanswered.num_rows:
        return unanswered
    ids = silver.sparkSession.createDataFrame(unanswered.select(["id_evento"]))
    found = [row.id_evento for row in silver.join(ids, "id_evento", "left_semi").select("id_evento").collect()]
    return unanswered.filter(pc.is_in(unanswered["id_evento"], pa.array(found, pa.string())))


def _once(rows: pa.Table) -> pa.Table:
    """One row an event id."""
    first = rows.append_column("n", pa.array(range(rows.num_rows))).group_by("id_evento").aggregate([("n", "min")])
    return rows.take(first["n_min"])


def _ledger_sales(config: Settings) -> Sums:
    rows = ledgers.money_by_day(ledgers.read(config.var)).filter(pc.field("destino") == "loja").to_pylist()
    return _sums("loja", ((row["dia"], row["moeda"], row["valor"]) for row in rows))


def _between(first: date, last: date) -> Any:  # noqa: ANN401 - a classic or a Connect column
    return f.col("data").between(f.lit(first), f.lit(last))


def _sums(flow: str, rows: Iterable[Any]) -> Sums:
    sums: Sums = {}
    for day, currency, value in rows:
        if value is not None:
            key = Key(flow, day, currency)
            sums[key] = sums.get(key, Decimal(0)) + value
    return sums


def _lake(config: Settings, name: str, first: date, last: date) -> Sums:
    """Revenue by day and currency, a day in memory at a time."""
    sums: Sums = {}
    found = snapshot(table(name), config)
    if found is None:
        return sums
    for day in each_day(first, last):
        rows = found.rows([day.isoformat()], columns=["moeda", "receita"])
        # The widest type, so that no sum is too long for it.
        wide = rows.set_column(1, "receita", rows["receita"].cast(pa.decimal128(38, 4)))
        by_currency = wide.group_by("moeda").aggregate([("receita", "sum")])
        sums |= _sums("vendas", ((day, row["moeda"], row["receita_sum"]) for row in by_currency.to_pylist()))
    return sums


def _warehouse(config: Settings, name: str, first: date, last: date) -> Sums:
    with connect(config) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"SELECT data, moeda, sum(receita) FROM {name} WHERE data BETWEEN %s AND %s GROUP BY data, moeda",  # noqa: S608
            (first, last),
        )
        return _sums("vendas", cursor.fetchall())


def _athena(name: str, value: str, first: date, last: date, *, more: str = "", flow: str = "vendas") -> Sums:
    answer = run_query(
        f"SELECT data, moeda, sum({value}) FROM {name} "  # noqa: S608 - names and dates of ours
        f"WHERE data BETWEEN DATE '{first}' AND DATE '{last}' {more} GROUP BY data, moeda"
    )
    return _sums(flow, answer.rows)

"""The money of each day and currency in each place, each read by a client of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2.errors import UndefinedTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.lake.delta import each_day
from acude.lake.snapshot import rows_where, snapshot
from acude.publishing.publish import session
from acude.reconciliation.inbox import inbox_sums
from acude.reconciliation.report import MoneyRow, SetRow, Sums, compare, together
from acude.reconciliation.sent import arrived, rows_since, sent_of
from acude.reconciliation.sums import athena, between, columns, summed, sums_of
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.warehouse.connection import connect

_Ask = Callable[[], Sums]


def sales_rows(config: Settings, first: date, last: date) -> tuple[list[MoneyRow], list[SetRow]]:
    """Sales: inbox files, silver, gold, warehouse, Athena; and the shop's own, from its ledger to its exported file.

    Returns:
        Sums by place, and the rule about files where one can't be read.
    """
    # Side by side: Athena keeps a client waiting longer than it works.
    with session(config) as spark, ThreadPoolExecutor() as pool:
        sent = pool.submit(inbox_sums, spark, config, first, last)
        asked: dict[str, _Ask] = {
            "silver": lambda: silver_sums(spark, config, first, last),
            "gold região": lambda: _gold(config, "gold.vendas_por_regiao", first, last),
            "gold categoria": lambda: _gold(config, "gold.vendas_por_categoria", first, last),
            "warehouse": lambda: _warehouse(config, "vendas", first, last),
            "warehouse região": lambda: _warehouse(config, "vendas_por_regiao", first, last),
            "athena": lambda: athena(config, "gold.vendas_por_regiao", "receita", first, last),
            "athena silver": lambda: athena(config, "silver.vendas", "quantidade * preco", first, last),
        }
        answers = list(pool.map(lambda ask: ask(), asked.values()))
        inbox = sent.result()
    places = {"inbox": inbox.every, **dict(zip(asked, answers, strict=True))}
    shop = shop_rows(config, first, last, inbox.shop, datetime.now(UTC).date())
    return compare(places) + shop, inbox.rules()


def silver_sums(spark: SparkSession, config: Settings, first: date, last: date) -> Sums:
    """Revenue by day and currency; executors read the days' lines."""
    found = snapshot(table("silver.vendas"), config)
    if found is None:
        return {}
    lines = [found.frame(spark, day.isoformat()) for day in each_day(first, last)]
    total = f.sum("receita").cast("decimal(38,4)").alias("receita")
    sums = [of_day.groupBy("data", "moeda").agg(total) for of_day in lines]
    return summed("vendas", columns(reduce(DataFrame.unionByName, sums).toArrow(), "data", "moeda", "receita"))


def shop_rows(config: Settings, first: date, last: date, exported: Sums, today: date) -> list[MoneyRow]:
    """The shop's own sales: its ledger beside the file that it exported.

    A day of which this machine's ledger has no sale has the file alone: a real shop made it, or another machine did.
    What the file lacks of a day that has ended is a difference; from today (UTC) on it may not be exported yet.
    """
    sold = rows_since(config, first, (pc.field("tipo") == "venda") & between("dia", first, last))
    days = set(sold["dia"].unique().to_pylist())
    sums = summed("loja", columns(ledgers.money_by_day(sold), "dia", "moeda", "valor"))
    known = {key: value for key, value in exported.items() if key.day in days}
    alone = {key: value for key, value in exported.items() if key.day not in days}
    ledger = {key: value for key, value in sums.items() if key in known or key.day < today}
    rows = compare({"ledger": ledger, "inbox": known}) + compare({"inbox": alone})
    return sorted(rows, key=lambda row: row.key)


def purchase_rows(config: Settings, first: date, last: date) -> list[MoneyRow]:
    """Purchase events, day by day: the producer's ledger, silver and Athena; only what carries the ledger's event ids.

    Athena can't tell those from others: it is asked where there are no others.
    """
    days = each_day(first, last)
    if not any(_bought(config, day).num_rows for day in days):
        return []
    sums, alone = zip(*(_purchase_sums(config, day) for day in days), strict=True)
    places = together(sums)
    if all(alone):
        places["athena"] = athena(
            config,
            "silver.eventos_clientes",
            "quantidade * preco",
            first,
            last,
            more="AND tipo_evento = 'compra'",
            flow="compras",
        )
    return compare(places)


def _bought(config: Settings, day: date) -> pa.Table:
    return sent_of(config, "eventos_clientes", day, between("dia", day, day))


def _purchase_sums(config: Settings, day: date) -> tuple[dict[str, Sums], bool]:
    """The day's sums by place, and whether all of silver's purchases are the ledger's."""
    bought, silver = _bought(config, day), _purchases(config, day)
    known = pc.is_in(silver["id_evento"], bought["id_evento"].combine_chunks())
    places = {
        "ledger": sums_of("compras", arrived(bought, silver["id_evento"]), "dia", "moeda", "valor"),
        "silver": sums_of("compras", silver.filter(known), "data", "moeda", "valor"),
    }
    return places, pc.all(known, min_count=0).as_py()


def _purchases(config: Settings, day: date) -> pa.Table:
    """Columns `data`, `moeda`, `id_evento`, `valor` (exact) of the day's events with a price and pieces."""
    condition = between("data", day, day) & pc.field("preco").is_valid() & pc.field("quantidade").is_valid()
    columns = ["data", "moeda", "id_evento", "quantidade", "preco"]
    events = rows_where(table("silver.eventos_clientes"), condition, columns, config)
    return events.append_column("valor", pc.multiply(events["quantidade"], events["preco"]))


def _gold(config: Settings, name: str, first: date, last: date) -> Sums:
    """Revenue by day and currency of a mart, which has few rows a day."""
    rows = rows_where(table(name), between("data", first, last), ["data", "moeda", "receita"], config)
    return summed("vendas", columns(rows, "data", "moeda", "receita"))


def _warehouse(config: Settings, name: str, first: date, last: date) -> Sums:
    """Sums of a table of the warehouse; none before the first load has made it."""
    question = f"SELECT data, moeda, sum(receita) FROM {name} WHERE data BETWEEN %s AND %s GROUP BY data, moeda"  # noqa: S608
    with connect(config) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(question, (first, last))
        except UndefinedTable:
            return {}
        return summed("vendas", cursor.fetchall())

"""Real days of the Online Retail shop, cell by cell against what csv and Decimal alone say of the same files.

Data: UCI "Online Retail", Daqing Chen (2015), CC BY 4.0. What is expected is computed here from docs/batch.md's rules;
the platform is only asked what it made of the files.
"""

import csv
import gzip
import io
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from acude.settings import PROJECT
from tests import retail
from tests.integration.batch.batch_lake import BatchLake, own_lake, publish_day
from tests.retail import FILES

DIMENSION = PROJECT / "contracts" / "dimensions" / "produtos.csv"

NAMED = {
    "2010-12-05": "most repeated lines",
    "2010-12-06": "most lines",
    "2010-12-22": "largest share of refused lines",
    "2011-05-17": "most zero prices",
    "2011-10-06": "most returns",
}
WANTED = os.environ.get("RETAIL_DAYS", "10")
"""How many days, `NAMED` among them; `all` in `make soak`."""


def chosen(wanted: str) -> list[str]:
    """That many days of the shop, spread evenly over the year."""
    known = {file.name.partition(".")[0] for file in FILES.glob("*.csv.gz")}
    rest = sorted(known - NAMED.keys())
    more = len(rest) if wanted == "all" else min(int(wanted) - len(NAMED), len(rest))
    return sorted([*NAMED, *(rest[n * len(rest) // more] for n in range(more))])


DAYS = chosen(WANTED)

pytestmark = [
    # The first test waits until all days are published.
    pytest.mark.timeout(60 * max(10, len(DAYS))),
    pytest.mark.platform,
    pytest.mark.retail,
    retail.needed,
]

Cells = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass
class Truth:
    """What a file's lines are, by the rules to the letter."""

    sales: list[tuple[Any, ...]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def categories() -> dict[str, str]:
    with DIMENSION.open(encoding="utf-8", newline="") as file:
        return {row["id_produto"]: row["categoria"] for row in csv.DictReader(file)}


def truth_of(content: bytes, known: dict[str, str]) -> Truth:
    truth, seen = Truth(), set()
    reader = csv.reader(io.StringIO(gzip.decompress(content).decode("utf-8"), newline=""))
    next(reader)
    for cells in reader:
        if tuple(cells) in seen:
            truth.refused["duplicata"] += 1
            continue
        seen.add(tuple(cells))
        invoice, product, text, pieces, moment, price, customer, country = cells
        quantidade, preco, returned = int(pieces), Decimal(price), invoice.startswith("C")
        if preco <= 0:
            truth.refused["preco_nao_positivo"] += 1
        elif quantidade <= 0 and not returned:
            truth.refused["quantidade_nao_positiva"] += 1
        else:
            truth.sales.append(
                (
                    invoice,
                    product,
                    text or None,
                    quantidade,
                    datetime.fromisoformat(moment),
                    preco,
                    customer.removesuffix(".0") or None,
                    country,
                    "devolucao" if returned else "venda",
                    quantidade * preco,
                    known.get(product, "outros"),
                )
            )
    return truth


def summed(truth: Truth, column: int) -> Cells:
    """Orders, pieces and revenue by one of the columns of `Truth.sales`."""
    orders: dict[str, set[str]] = defaultdict(set)
    pieces: dict[str, int] = defaultdict(int)
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    for sale in truth.sales:
        if sale[8] == "venda":
            orders[sale[column]].add(sale[0])
        pieces[sale[column]] += sale[3]
        revenue[sale[column]] += sale[9]
    return {(key, "GBP"): (len(orders[key]), pieces[key], revenue[key]) for key in pieces}


def ranked(truth: Truth) -> list[tuple[int, str, int, Decimal]]:
    products = summed(truth, 1)
    order = sorted(products, key=lambda key: (-products[key][1], -products[key][2], key[0]))
    return [(place, key[0], *products[key][1:]) for place, key in enumerate(order[:100], start=1)]


@pytest.fixture(scope="module")
def truths() -> dict[str, Truth]:
    known = categories()
    return {day: truth_of((FILES / f"{day}.csv.gz").read_bytes(), known) for day in DAYS}


@pytest.fixture(scope="module")
def published(platform: object) -> Iterator[BatchLake]:  # noqa: ARG001 - the servers have to run
    with own_lake() as lake:
        for day in DAYS:
            content = (FILES / f"{day}.csv.gz").read_bytes()
            lake.send(date.fromisoformat(day), content, origin="online-retail", kind="csv.gz")
            publish_day(date.fromisoformat(day), "oraculo")
        yield lake


def test_all_days_that_were_asked_for_are_there() -> None:
    missing = [day for day in DAYS if not (FILES / f"{day}.csv.gz").is_file()]
    assert not missing, f"{FILES} lacks days"
    assert len(DAYS) == (retail.DAYS if WANTED == "all" else int(WANTED))


def visible(lake: BatchLake, table: str, day: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.rows(table, date.fromisoformat(day)).to_pylist()
    return rows


@pytest.mark.parametrize("day", DAYS, ids=lambda day: f"{day} {NAMED.get(day, '')}".strip())
def test_every_cell_of_silver_is_what_the_file_says(day: str, published: BatchLake, truths: dict[str, Truth]) -> None:
    rows = visible(published, "silver.vendas", day)
    names = [
        "id_pedido",
        "id_produto",
        "descricao",
        "quantidade",
        "momento",
        "preco",
        "id_usuario",
        "regiao",
        "tipo",
        "receita",
        "categoria",
    ]
    found = [
        tuple(row[name].replace(tzinfo=None) if name == "momento" else row[name] for name in names) for row in rows
    ]
    assert sorted(found, key=str) == sorted(truths[day].sales, key=str)
    assert {(row["data"].isoformat(), row["moeda"], row["origem"]) for row in rows} == {(day, "GBP", "online-retail")}


@pytest.mark.parametrize("day", DAYS)
def test_quarantine_counts_what_is_no_sale_by_reason(day: str, published: BatchLake, truths: dict[str, Truth]) -> None:
    found: dict[str, int] = defaultdict(int)
    for row in visible(published, "silver.quarentena_arquivos", day):
        found[row["motivo"]] += 1
    assert found == truths[day].refused


@pytest.mark.parametrize(
    ("mart", "key", "column"), [("vendas_por_regiao", "regiao", 7), ("vendas_por_categoria", "categoria", 10)]
)
@pytest.mark.parametrize("day", DAYS)
def test_every_cell_of_the_daily_sums_is_exact(
    day: str, mart: str, key: str, column: int, *, published: BatchLake, truths: dict[str, Truth]
) -> None:
    rows = visible(published, f"gold.{mart}", day)
    found = {(row[key], row["moeda"]): (row["pedidos"], row["quantidade"], row["receita"]) for row in rows}
    assert len(rows) == len(found)
    assert found == summed(truths[day], column)


@pytest.mark.parametrize("day", DAYS)
def test_every_place_of_the_best_sellers_is_exact(day: str, published: BatchLake, truths: dict[str, Truth]) -> None:
    rows = sorted(visible(published, "gold.mais_vendidos", day), key=lambda row: row["posicao"])
    found = [(row["posicao"], row["id_produto"], row["quantidade"], row["receita"]) for row in rows]
    assert found == ranked(truths[day])


@pytest.mark.parametrize("month", sorted({day[:7] for day in DAYS}))
def test_a_month_is_the_sum_of_its_published_days(month: str, published: BatchLake, truths: dict[str, Truth]) -> None:
    days = [day for day in DAYS if day.startswith(month)]
    cells = [cell for day in days for cell in summed(truths[day], 7).values()]
    expected = (month, *(sum(column) for column in zip(*cells, strict=True)), "GBP")
    assert [tuple(row.values()) for row in visible(published, "gold.receita_mensal", days[0])] == [expected]

"""The content hash follows its written definition, whatever the order and the engine."""

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pyarrow as pa

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract, table
from acude.lake.content import content_hash_of

STOCK = [
    (date(2011, 1, 4), "p1", 5, datetime(2011, 1, 4, 10, 0, 0, 7, tzinfo=UTC)),
    (date(2011, 1, 4), "p2", 0, datetime(2011, 1, 4, tzinfo=UTC)),
]
FUNNEL = [(date(2011, 1, 4), "compra", 0, None), (date(2011, 1, 4), "clique", 1, Decimal("0.000001"))]


def rows_of(contract: Contract, rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(contract.columns)
    schema = arrow_schema(contract)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )


def by_definition(texts: list[str]) -> str:
    digests = [sha256(text.encode()).hexdigest() for text in texts]
    a, b = (sum(int(digest[start : start + 15], 16) for digest in digests) for start in (0, 15))
    return f"{len(texts)}-{a:x}-{b:x}"


def test_the_hash_is_what_its_definition_says() -> None:
    contract = table("gold.estoque")
    assert content_hash_of(rows_of(contract, STOCK), contract) == by_definition(
        ["+2011-01-04\x1f+p1\x1f+5\x1f+1294135200000007", "+2011-01-04\x1f+p2\x1f+0\x1f+1294099200000000"]
    )


def test_a_null_and_small_decimals_have_their_own_text() -> None:
    contract = table("gold.funil_conversao")
    assert content_hash_of(rows_of(contract, FUNNEL), contract) == by_definition(
        ["+2011-01-04\x1f+compra\x1f+0\x1f-", "+2011-01-04\x1f+clique\x1f+1\x1f+0.000001"]
    )


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    contract = table("gold.estoque")
    rows = rows_of(contract, STOCK)
    turned = rows.take([1, 0]).select(["nivel_estoque", "data", "ultima_atualizacao", "id_produto"])
    assert content_hash_of(turned, contract) == content_hash_of(rows, contract)


def test_a_repeated_row_changes_it() -> None:
    contract = table("gold.estoque")
    once = content_hash_of(rows_of(contract, STOCK), contract)
    assert content_hash_of(rows_of(contract, [*STOCK, STOCK[0]]), contract) != once


def test_one_cent_changes_it() -> None:
    contract = table("gold.receita_mensal")
    cents = [
        content_hash_of(rows_of(contract, [("2011-01", 1, 1, Decimal(v), "GBP")]), contract) for v in ("1.10", "1.11")
    ]
    assert cents[0] != cents[1]


def test_no_rows_have_a_hash_too() -> None:
    contract = table("gold.estoque")
    assert content_hash_of(rows_of(contract, []), contract) == "0-0-0"

"""What is certain without Great Expectations is what it would say; what it refuses is never certain."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from acude.contracts.arrow import arrow_schema
from acude.contracts.gx import Expectation
from acude.contracts.model import table
from acude.lake.data_files import nullable
from acude.publishing.certain import Columns, columns_of
from acude.publishing.examine import answers, parameters_of
from acude.publishing.in_pieces import divided_suite
from acude.publishing.staging import Staged
from acude.publishing.suites import suite_of
from acude.publishing.views import rows_view
from jobs.batch.audit_published import audited_tables
from jobs.batch.vendas import with_expected_sales
from tests.unit.publishing.test_quality import DAY, SALE

pytestmark = pytest.mark.xdist_group("great expectations")

SALES = table("silver.vendas")
STAGED = Staged(table="silver.vendas", day=DAY, run_id="r", rows=1, hash="")


def doubtful(*rows: dict[str, Any]) -> list[Expectation]:
    """What is asked of Great Expectations about such rows, after seeing that it refuses nothing else."""
    content = pa.Table.from_pylist([SALE | row for row in rows], nullable(arrow_schema(SALES)))
    suite, parameters = suite_of(SALES), parameters_of(SALES, STAGED)
    columns = columns_of(content, with_expected_sales)
    by_row = divided_suite(suite, SALES.full_name).by_row
    sure = [one for one in by_row if columns.surely_meet(one, parameters)]
    assert answers(rows_view(content, with_expected_sales), sure, parameters, SALES.full_name).failures == []
    return [one for one in by_row if one not in sure]


def test_of_healthy_sales_everything_is_certain() -> None:
    returned = {"id_pedido": "C1", "tipo": "devolucao", "quantidade": -2, "receita": Decimal("-2.1000")}
    assert doubtful({}, returned, {"descricao": None}) == []


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"receita": Decimal("2.1001")}, "receita"),
        ({"tipo": "devolucao"}, "tipo"),
        ({"tipo": "troca"}, "tipo"),
        ({"regiao": None}, "regiao"),
        ({"regiao": ""}, "regiao"),
        ({"regiao": "x" * 65}, "regiao"),
        ({"momento": datetime(2011, 1, 5, tzinfo=UTC)}, "data"),
        ({"data": datetime(2011, 1, 5, tzinfo=UTC).date()}, "data"),
        ({"preco": Decimal(0), "receita": Decimal(0)}, "preco"),
        ({"preco": Decimal(2000000), "receita": Decimal(4000000)}, "preco"),
        ({"quantidade": -2, "receita": Decimal("-2.1000")}, "quantidade"),
        ({"quantidade": 1000001, "receita": Decimal("1050001.0500")}, "quantidade"),
        ({"moeda": "R$"}, "moeda"),
    ],
)
def test_what_breaks_a_rule_is_asked(row: dict[str, Any], column: str) -> None:
    named = [one["kwargs"].get("column") or one["kwargs"].get("column_A") for one in doubtful({}, row)]
    assert column in named


ROWS = pa.table(
    {
        "n": pa.array([1, 2, None]),
        "f": pa.array([1.0, float("nan"), 2.0]),
        "t": pa.array(["ab", None, "b"]),
        "none": pa.nulls(3, pa.int64()),
    }
)


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "f"}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "f", "min_value": 0}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "n", "min_value": 0, "strict_min": True}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "none", "min_value": 0}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "t", "min_value": 0}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "other", "value_set": [1]}},
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "t", "regex": "a"}},
        {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "n", "column_B": "n"}},
        {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["n"]}},
        {"type": "expect_column_sum_to_be_between", "kwargs": {"column": "n", "min_value": 0}},
    ],
    ids=lambda one: f"{one['type']} {one['kwargs']}",
)
def test_what_these_columns_dont_show_is_asked(asked: Expectation) -> None:
    assert not Columns(ROWS, None).surely_meet(asked, {})


@pytest.mark.parametrize("name", [one.full_name for one in audited_tables()])
def test_every_audited_tables_day_may_be_of_any_size(name: str) -> None:
    suite = suite_of(table(name))
    assert sum(map(len, divided_suite(suite, name))) == len(suite)

"""Which questions the pieces of a large day can answer."""

import pytest

from acude.contracts.gx import Expectation
from acude.contracts.model import marts, table
from acude.publishing.in_pieces import NotByPiecesError, divided_suite
from acude.publishing.suites import suite_of

SALES = "silver.vendas"


def expectation(kind: str, **kwargs: object) -> Expectation:
    return {"type": kind, "kwargs": {"column": "receita", **kwargs}}


def test_a_day_of_sales_may_be_of_any_size() -> None:
    suite = suite_of(table(SALES))
    divided = divided_suite(suite, SALES)
    assert sum(map(len, divided)) == len(suite)
    assert [one["type"] for one in divided.unique] == ["expect_compound_columns_to_be_unique"]
    assert [one["type"] for one in divided.whole] == ["expect_table_row_count_to_equal"]


@pytest.mark.parametrize("name", [one.full_name for one in marts()])
def test_a_marts_day_may_be_of_any_size(name: str) -> None:
    suite = suite_of(table(name))
    assert sum(map(len, divided_suite(suite, name))) == len(suite)


@pytest.mark.parametrize(
    "asked",
    [
        expectation("expect_column_sum_to_be_between", min_value=0),
        expectation("expect_column_mean_to_be_between", min_value=0),
        expectation("expect_column_quantile_values_to_be_between"),
        expectation("expect_column_distinct_values_to_equal_set"),
        expectation("expect_table_row_count_to_equal_other_table"),
        expectation("expect_column_values_to_be_between", min_value=0, mostly=0.9),
    ],
    ids=lambda one: one["type"],
)
def test_what_is_about_all_rows_together_is_refused_in_a_sentence(asked: Expectation) -> None:
    with pytest.raises(NotByPiecesError, match=rf"{SALES}: a day of more than .* no piece can answer {asked['type']}"):
        divided_suite([*suite_of(table(SALES)), asked], SALES)

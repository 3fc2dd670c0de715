"""A contract's base suite: what Great Expectations has to ask of every row, without a line written by hand.

Expectations are plain dictionaries in the form of Great Expectations' own suite files, so that nothing heavy is
imported to render them.
"""

from typing import Any

from acude.contracts.column import Column
from acude.contracts.model import Contract

Expectation = dict[str, Any]
"""`type`, `kwargs` and `meta`, as in a suite file."""


def base_expectations(contract: Contract) -> list[Expectation]:
    """Columns, and for each column: not null, range, lengths, values; keys are unique.

    Types are not asked: what writes a table's files refuses any but the contract's (`acude.lake.data_files`).

    Args:
        contract: the table.

    Returns:
        Expectations on the table's rows as pandas reads them from Parquet.
    """
    columns = _expectation("expect_table_columns_to_match_set", column_set=contract.column_names, exact_match=False)
    found = [columns, *(one for column in contract.columns for one in _of_column(column))]
    if len(contract.keys) == 1:
        found.append(_expectation("expect_column_values_to_be_unique", column=contract.keys[0]))
    elif contract.keys:
        found.append(_expectation("expect_compound_columns_to_be_unique", column_list=contract.keys))
    # The audit names the day (or month) that is published.
    found += [
        _expectation("expect_column_values_to_be_in_set", column=name, value_set={"$PARAMETER": "particao"})
        for name in contract.partition_by
    ]
    return found


def _of_column(column: Column) -> list[Expectation]:
    name = column.name
    found = []
    if column.required:
        found.append(_expectation("expect_column_values_to_not_be_null", column=name))
    if column.minimum is not None or column.maximum is not None:
        bounds = _bounds(min_value=column.minimum, max_value=column.maximum)
        found.append(_expectation("expect_column_values_to_be_between", column=name, **bounds))
    if column.min_length is not None or column.max_length is not None:
        lengths = _bounds(min_value=column.min_length, max_value=column.max_length)
        found.append(_expectation("expect_column_value_lengths_to_be_between", column=name, **lengths))
    if column.values:
        found.append(_expectation("expect_column_values_to_be_in_set", column=name, value_set=list(column.values)))
    return found


def _bounds(**bounds: Any) -> dict[str, float]:  # noqa: ANN401 - Decimal or int, as the contract holds them
    return {name: float(value) for name, value in bounds.items() if value is not None}


def _expectation(kind: str, **kwargs: Any) -> Expectation:  # noqa: ANN401 - what Great Expectations takes
    return {"type": kind, "kwargs": kwargs, "meta": {"origem": "contrato"}}

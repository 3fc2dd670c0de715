"""What is certain of rows without asking Great Expectations, which takes 25 times as long.

Large days are looked at by their columns, in Arrow. Where an expectation is met, nothing else is to be said of it;
where that is not certain, for whatever reason, Great Expectations is asked, and its answer counts.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.gx import Expectation
from acude.publishing.views import Derive

_UNSURE: Final = (pa.ArrowException, KeyError, TypeError, ValueError, ArithmeticError, re.error)
"""What comparing raises where values and bounds don't go together."""


class Columns:
    """The columns of rows with the table's derived ones, and whether expectations about them are met.

    Args:
        rows: the table's columns.
        frame: the same in pandas, with the derived columns behind them; None where there are none.
    """

    def __init__(self, rows: pa.Table, frame: pd.DataFrame | None) -> None:
        self._rows, self._frame = rows, frame
        self._derived: dict[str, pa.ChunkedArray] = {}

    @property
    def names(self) -> set[str]:
        """Of all columns."""
        return set(self._rows.column_names if self._frame is None else self._frame.columns)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """A column.

        Raises:
            KeyError: there is none, or more than one.
        """
        if name in self._rows.column_names or self._frame is None:
            return self._rows.column(name)
        if name not in self._derived:
            self._derived[name] = pa.chunked_array([pa.array(self._frame[name], from_pandas=True)])
        return self._derived[name]

    def surely_meet(self, expectation: Expectation, parameters: dict[str, Any]) -> bool:
        """Whether all rows meet it for certain.

        Args:
            expectation: one that is true of all rows where it is true of each.
            parameters: values for `{"$PARAMETER": name}`.
        """
        kwargs = {name: _value(given, parameters) for name, given in expectation["kwargs"].items() if name != "mostly"}
        check = _CHECKS.get(expectation["type"])
        try:
            return check is not None and bool(check(self, **kwargs))
        except _UNSURE:
            return False


def columns_of(rows: pa.Table, derive: Derive | None) -> Columns:
    """The columns of these rows."""
    return Columns(rows, derive(rows.to_pandas()) if derive else None)


def _value(given: Any, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever a suite compares with
    return parameters[given["$PARAMETER"]] if isinstance(given, dict) and "$PARAMETER" in given else given


def _no_nulls(column: pa.ChunkedArray) -> bool:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    return bool(column.null_count == 0)


def _within(least: Any, greatest: Any, min_value: Any, max_value: Any) -> bool:  # noqa: ANN401 - of one column's type
    """Whether both lie between the bounds; nulls alone are not certain."""
    if least is None or (min_value is None and max_value is None):
        return False
    return bool((min_value is None or least >= min_value) and (max_value is None or greatest <= max_value))


def _columns(columns: Columns, column_set: list[str], *, exact_match: bool = True) -> bool:
    wanted = set(column_set)
    return wanted == columns.names if exact_match else wanted <= columns.names


def _not_null(columns: Columns, column: str) -> bool:
    return _no_nulls(columns[column])


def _between(columns: Columns, column: str, min_value: Any = None, max_value: Any = None) -> bool:  # noqa: ANN401
    values = columns[column]
    if pa.types.is_floating(values.type) and not _no_nulls(values):
        return False
    found = pc.min_max(values)
    return _within(found["min"].as_py(), found["max"].as_py(), min_value, max_value)


def _in_set(columns: Columns, column: str, value_set: list[Any]) -> bool:
    return set(pc.unique(columns[column]).drop_null().to_pylist()) <= set(value_set)


def _matches(columns: Columns, column: str, regex: str) -> bool:
    return all(re.search(regex, text) for text in pc.unique(columns[column]).drop_null().to_pylist())


def _length(columns: Columns, column: str, min_value: Any = None, max_value: Any = None) -> bool:  # noqa: ANN401
    found = pc.min_max(pc.utf8_length(columns[column]))
    return _within(found["min"].as_py(), found["max"].as_py(), min_value, max_value)


def _compared(columns: Columns, a: str, b: str, compare: Callable[[Any, Any], pa.ChunkedArray]) -> bool:
    one, other = columns[a], columns[b]
    return _no_nulls(one) and _no_nulls(other) and bool(pc.all(compare(one, other), min_count=0).as_py())


def _equal(columns: Columns, column_A: str, column_B: str) -> bool:  # noqa: N803 - the suites' words
    return _compared(columns, column_A, column_B, pc.equal)


def _greater(columns: Columns, column_A: str, column_B: str, *, or_equal: bool = False) -> bool:  # noqa: N803
    return _compared(columns, column_A, column_B, pc.greater_equal if or_equal else pc.greater)


_CHECKS: Final[dict[str, Callable[..., bool]]] = {
    "expect_table_columns_to_match_set": _columns,
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_value_lengths_to_be_between": _length,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
}
"""True of all rows where they are true of each; any argument that these don't know makes them unsure."""

BY_ROW: Final = tuple(_CHECKS)

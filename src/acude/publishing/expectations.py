"""Great Expectations at work: a frame, its expectations, and what it found. The only module that imports it."""

import logging
import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acude.contracts.gx import Expectation

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core.batch_definition import BatchDefinition

_one_at_a_time = threading.Lock()
"""Great Expectations' contexts are not made for threads."""


@lru_cache(maxsize=1)
def _frames() -> "BatchDefinition[Any]":
    """What takes any frame, in an in-memory context that sends nothing anywhere and draws no progress bars.

    One for all tables, because the context is saved again whenever a source is added.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415 - takes seconds, and only an audit needs it
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    rows = context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
    return rows.add_batch_definition_whole_dataframe("whole")


def validate(
    frame: "pd.DataFrame", expectations: list[Expectation], parameters: dict[str, Any], name: str
) -> list[dict[str, Any]]:
    """Validates a frame.

    Args:
        frame: the rows.
        expectations: a suite's expectations; the frame may have more columns than they name.
        parameters: values for `{"$PARAMETER": name}`.
        name: of the table, for the report.

    Returns:
        A result for each expectation, in Great Expectations' JSON form.
    """
    from great_expectations.core.expectation_suite import ExpectationSuite  # noqa: PLC0415

    with _one_at_a_time:
        suite, rows = ExpectationSuite(name=name, expectations=expectations), _frames().get_batch({"dataframe": frame})
        found = rows.validate(suite, expectation_parameters=parameters, result_format="BASIC")
        if not found.success:
            # Which rows they are costs half as much again, so it is only asked where there are any.
            found = rows.validate(suite, expectation_parameters=parameters, result_format="SUMMARY")
    return [result.to_json_dict() for result in found.results]

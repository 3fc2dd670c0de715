"""A file's statistics as the Delta log has them, from what its Parquet footer says.

Readers skip files by them, so what can't be said exactly is left out: decimals, which pass through floating point in
some readers, doubles, long texts, binary and nested columns.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

_LONGEST_TEXT: Final = 32
_MILLISECOND: Final = timedelta(milliseconds=1)


def statistics(found: pq.FileMetaData, schema: pa.Schema) -> str:
    """Delta's `stats` of a file: rows, and of each simple column its nulls, least and greatest value.

    Args:
        found: the file's footer.
        schema: the table's, for what a column's values mean.
    """
    lows: dict[str, Any] = {}
    highs: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for at in range(found.num_columns):
        name = found.row_group(0).column(at).path_in_schema if found.num_row_groups else ""
        if name not in schema.names:
            continue
        groups = [found.row_group(group).column(at).statistics for group in range(found.num_row_groups)]
        if any(group is None or not group.has_null_count for group in groups):
            continue
        nulls[name] = sum(group.null_count for group in groups)
        bounds = _bounds(groups, schema.field(name).type)
        if bounds:
            lows[name], highs[name] = bounds
    return json.dumps({"numRecords": found.num_rows, "minValues": lows, "maxValues": highs, "nullCount": nulls})


def _bounds(groups: Iterable[pq.Statistics], kind: pa.DataType) -> tuple[Any, Any] | None:
    """Least and greatest value as JSON has them; None where they can't be said exactly."""
    if not (pa.types.is_integer(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind) or kind == pa.string()):
        return None
    held = [group for group in groups if group.num_values]
    # Parquet has no bounds where a group holds a very long value; those of the other groups would exclude it.
    if not held or any(not group.has_min_max for group in held):
        return None
    low, high = min(group.min for group in held), max(group.max for group in held)
    if isinstance(low, str) and max(len(low), len(high)) > _LONGEST_TEXT:
        return None
    try:
        return _said(low, up=False), _said(high, up=True)
    except OverflowError:
        # No calendar has the millisecond after its last one.
        return None


def _said(value: Any, *, up: bool) -> Any:  # noqa: ANN401 - what the column holds
    """A value of JSON. Times have milliseconds there: the least is rounded down and the greatest up."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        if up and whole < moment:
            whole += _MILLISECOND
        return whole.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return value.isoformat() if isinstance(value, date) else value

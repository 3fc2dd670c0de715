"""A table's files as an Arrow dataset, each with what is certain of its rows, so that Arrow skips those that can't fit.

`DeltaTable.to_pyarrow_dataset` says it of all columns, and of a bound that the statistics lack it says `column >= null`
(deltalake 1.6): no comparison meets that, and Arrow skips a file that may well hold rows.
"""

import operator
from collections.abc import Callable, Collection, Iterator
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from acude.lake.statistics import has_bounds

_CUT = pa.scalar(1_000, pa.duration("us"))
"""Delta's times have milliseconds; Spark cuts the rest of the greatest one off."""

_Known = tuple[str, Callable[[Any, Any], Any], pa.ChunkedArray]
"""Column, comparison, and a value per file; null where the file says nothing."""


def dataset(table: DeltaTable, condition: pc.Expression, among: Collection[str] | None = None) -> ds.Dataset:
    """The files of a version, to be read with a condition.

    Args:
        table: in the version that is read.
        condition: what the rows will be filtered by; what is known of other columns doesn't matter. So 10,000 files
            take half a second, where delta-rs takes sixteen for a table of 24 columns.
        among: paths of the files; all where they are left out.
    """
    # No file: what is wanted is delta-rs' file system, which knows the files' sizes.
    read = table.to_pyarrow_dataset(file_pruning_predicate="false")
    files = pa.table(table.get_add_actions(flatten=True))
    # The log has paths as parts of an URL.
    paths = [unquote(path) for path in files["path"].to_pylist()]
    if among is not None:
        files = files.filter(pa.array([path in among for path in paths], pa.bool_()))
        paths = [path for path in paths if path in among]
    certain = [pc.scalar(True)] * len(paths)
    for name, compared, values in _known(table, files, read.schema, str(condition)):
        column = pc.field(name)
        certain = [
            promise & compared(column, value) if value.is_valid else promise
            for promise, value in zip(certain, values, strict=True)
        ]
    fragments = [
        read.format.make_fragment(path, read.filesystem, promise) for path, promise in zip(paths, certain, strict=True)
    ]
    return ds.FileSystemDataset(fragments, read.schema, read.format, read.filesystem)


def _known(table: DeltaTable, files: pa.Table, schema: pa.Schema, condition: str) -> Iterator[_Known]:
    for name in table.metadata().partition_columns:
        # Not in the files: Arrow takes the column's value from here, too.
        yield name, operator.eq, files[f"partition.{name}"]
    for name in schema.names:
        # A name that stands in the text by chance costs time, and no rows.
        if f"min.{name}" not in files.column_names or not has_bounds(schema.field(name).type) or name not in condition:
            continue
        # To Arrow a column that keeps a bound holds no nulls.
        full, nothing = pc.equal(files[f"null_count.{name}"], 0), pa.scalar(None, schema.field(name).type)
        low, high = files[f"min.{name}"], files[f"max.{name}"]
        if pa.types.is_timestamp(high.type):
            high = pc.add(high, _CUT)
        yield name, operator.ge, pc.if_else(full, low, nothing)
        yield name, operator.le, pc.if_else(full, high, nothing)

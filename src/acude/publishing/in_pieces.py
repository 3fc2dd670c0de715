"""The audit of a day that is too large for one process: executors ask the suite about their own pieces of its files.

What holds for each row is asked of each piece. How many rows there are is known from all pieces together. That keys are
unique is asked of Spark. Anything else (a sum, a mean, a share of the rows) would be answered wrongly, and is refused.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from acude.contracts.gx import Expectation
from acude.contracts.model import table
from acude.errors import AcudeError
from acude.lake.data_files import DataFile, Target
from acude.lake.file_frames import frame_of_files, rows_of_file
from acude.lake.object_store import object_store
from acude.publishing.examine import Answers, answers, parameters_of
from acude.publishing.staging import Failure, Staged
from acude.publishing.suites import ROWS, suite_of
from acude.publishing.totals import Totals
from acude.publishing.views import Derive, rows_view
from acude.settings import settings

LARGEST: Final = 500_000
"""Rows of a day that are audited in the task's own process."""

_UNIQUE: Final = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
_COUNT: Final = ("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")
_BY_ROW: Final = (
    "expect_table_columns_to_match_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_match_regex",
    "expect_column_value_lengths_to_be_between",
    "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_a_to_be_greater_than_b",
)
"""True of all rows where they are true of each piece."""


class NotByPiecesError(AcudeError):
    """A suite asks something of a large day that its pieces can't answer."""


class Parts(NamedTuple):
    """A suite's expectations by what can answer them: each piece, the number of all rows, Spark."""

    by_row: list[Expectation]
    whole: list[Expectation]
    unique: list[Expectation]


def parts_of(suite: list[Expectation], table: str) -> Parts:
    """A suite, divided.

    Raises:
        NotByPiecesError: an expectation is about all rows together, or may fail for some of them (`mostly`).
    """
    for one in suite:
        if one["type"] not in (*_BY_ROW, *_COUNT, *_UNIQUE) or one["kwargs"].get("mostly", 1) != 1:
            raise NotByPiecesError(
                f"{table}: a day of more than {LARGEST} rows is audited piece by piece, and no piece can answer "
                f"{one['type']} {one['kwargs']}; ask it of each row, or teach acude.publishing.in_pieces to add it up"
            )
    return Parts(*([one for one in suite if one["type"] in kinds] for kinds in (_BY_ROW, _COUNT, _UNIQUE)))


def answers_of_files(spark: SparkSession, staged: Staged, derive: Derive | None) -> tuple[Totals, list[Answers]]:
    """What the table's suite says about the staged files.

    Args:
        spark: a session; its executors read the files.
        staged: the day.
        derive: adds the table's derived columns; the executors import it by its name.

    Returns:
        Rows, content hash and sums of all files, and the answers.

    Raises:
        NotByPiecesError: see `parts_of`.
    """
    contract = table(staged.table)
    parts, parameters = parts_of(suite_of(contract, ROWS), staged.table), parameters_of(contract, staged)
    totals, found = Totals(contract), []
    for row in _asked(spark, staged, derive, parts.by_row, parameters):
        totals.merge(row["totals"])
        found.append(Answers(json.loads(row["results"]), _failures(row["failures"])))
    counted = pd.DataFrame(index=pd.RangeIndex(totals.rows))
    found.append(answers(counted, parts.whole, parameters, staged.table))
    found += [_unique(frame_of_files(spark, contract, staged.files), one) for one in parts.unique]
    return totals, found


def _asked(
    spark: SparkSession, staged: Staged, derive: Derive | None, suite: list[Expectation], parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    contract = table(staged.table)
    target, store = Target.of(contract), object_store(settings())

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for text in (text for batch in batches for text in batch["arquivo"].to_pylist()):
            file = DataFile.model_validate_json(text)
            for rows in rows_of_file(store, target, file.path, file.partition):
                totals = Totals(contract)
                totals.add(rows)
                found = answers(rows_view(rows, derive), suite, parameters, contract.full_name)
                failures = json.dumps([one.model_dump() for one in found.failures])
                results = json.dumps(found.results, default=str)
                yield pa.RecordBatch.from_pylist(
                    [{"totals": totals.result(), "results": results, "failures": failures}]
                )

    listed = spark.createDataFrame([(file.model_dump_json(),) for file in staged.files], "arquivo string")
    asked = listed.repartition(len(staged.files)).mapInArrow(run, "totals string, results string, failures string")
    rows: list[dict[str, Any]] = asked.toArrow().to_pylist()
    return rows


def _failures(text: str) -> list[Failure]:
    return [Failure.model_validate(one) for one in json.loads(text)]


def _unique(rows: DataFrame, expectation: Expectation) -> Answers:
    """Whether no two rows have the same key."""
    kwargs = expectation["kwargs"]
    columns = kwargs.get("column_list") or [kwargs["column"]]
    repeated = rows.groupBy(*columns).count().where("count > 1")
    sample = repeated.limit(1).toArrow().to_pylist()
    result = {"expectation_config": expectation, "success": not sample, "result": {}}
    if not sample:
        return Answers([result], [])
    meaning = (expectation.get("meta") or {}).get("significado", "")
    failure = Failure(
        expectation=expectation["type"],
        column=", ".join(columns),
        expected="",
        found=f"{repeated.count()} keys are there more than once",
        sample=[", ".join(f"{name}={value}" for name, value in sample[0].items())],
        meaning=meaning,
    )
    return Answers([result], [failure])

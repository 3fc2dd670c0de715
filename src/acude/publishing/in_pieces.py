"""The audit of a day that is too large for one process: executors ask the suite about their own pieces of its files.

What holds for each row is asked of each piece, and added up. How many rows there are is known from all pieces
together. That keys are unique is asked of Spark. Anything else (a sum, a mean, a share of the rows) would be answered
wrongly, and is refused.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from acude.contracts.gx import Expectation
from acude.contracts.model import Contract, table
from acude.errors import AcudeError
from acude.lake.data_files import DataFile, Target
from acude.lake.file_frames import frame_of_files, rows_of_file
from acude.lake.object_store import object_store
from acude.publishing.certain import BY_ROW, columns_of
from acude.publishing.examine import Answers, answers, parameters_of
from acude.publishing.staging import Failure, Staged
from acude.publishing.suites import ROWS, suite_of
from acude.publishing.totals import Totals
from acude.publishing.views import Derive, rows_view
from acude.settings import settings

LARGEST: Final = 100_000
"""Rows of a day that are audited in the task's own process."""

_ROWS_PER_TASK: Final = 500_000
_UNIQUE: Final = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
_COUNT: Final = ("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")


class NotByPiecesError(AcudeError):
    """A suite asks something of a large day that its pieces can't answer."""


class DividedSuite(NamedTuple):
    """A suite's expectations by what can answer them: each piece, the number of all rows, Spark."""

    by_row: list[Expectation]
    whole: list[Expectation]
    unique: list[Expectation]


def divided_suite(suite: list[Expectation], table: str) -> DividedSuite:
    """A suite's expectations by what can answer them.

    Raises:
        NotByPiecesError: an expectation is about all rows together, or may fail for some of them (`mostly`).
    """
    for one in suite:
        if one["type"] not in (*BY_ROW, *_COUNT, *_UNIQUE) or one["kwargs"].get("mostly", 1) != 1:
            raise NotByPiecesError(
                f"{table}: a day of more than {LARGEST} rows is audited piece by piece, and no piece can answer "
                f"{one['type']} {one['kwargs']}; ask it of each row, or teach acude.publishing.in_pieces to add it up"
            )
    return DividedSuite(*([one for one in suite if one["type"] in kinds] for kinds in (BY_ROW, _COUNT, _UNIQUE)))


def answers_of_files(
    spark: SparkSession, staged: Staged, derive: Derive | None, *, hashed: bool = True
) -> tuple[Totals, list[Answers]]:
    """What the table's suite says about the staged files.

    Args:
        spark: a session; its executors read the files.
        staged: the day.
        derive: adds the table's derived columns; the executors import it by its name.
        hashed: whether the content's hash and sums are wanted, too.

    Returns:
        Rows, content hash and sums of all files, and the answers.

    Raises:
        NotByPiecesError: see `divided_suite`.
    """
    contract = table(staged.table)
    suite, parameters = divided_suite(suite_of(contract, ROWS), staged.table), parameters_of(contract, staged)
    totals, rows = Totals(contract), 0
    added = [_Added(one) for one in suite.by_row]
    for piece in _asked(spark, staged, _Question(contract, derive, suite.by_row, parameters, hashed)):
        if hashed:
            totals.merge(piece["totals"])
        rows += piece["rows"]
        for place, found in json.loads(piece["doubtful"]):
            added[place].add(found)
    counted = pd.DataFrame(index=pd.RangeIndex(rows))
    found = [one.answers(rows) for one in added]
    found.append(answers(counted, suite.whole, parameters, staged.table))
    found += [_unique(frame_of_files(spark, contract, staged.files), rows, one) for one in suite.unique]
    return totals, found


class _Added:
    """What is added up of the pieces of a day that don't surely meet an expectation."""

    def __init__(self, expectation: Expectation) -> None:
        self._expectation = expectation
        self._refused = 0
        self._first: dict[str, Any] | None = None

    def add(self, found: dict[str, Any]) -> None:
        """Adds a piece's refusal: `rows` that don't meet it and the `failure`."""
        self._refused += found["rows"]
        self._first = self._first or found["failure"]

    def answers(self, rows: int) -> Answers:
        """The answer about all rows."""
        result = {
            "expectation_config": self._expectation,
            "success": self._first is None,
            "result": {"element_count": rows, "unexpected_count": self._refused},
        }
        if self._first is None:
            return Answers([result], [])
        failure = Failure.model_validate(self._first)
        if self._refused:
            failure = failure.model_copy(update={"found": f"{self._refused} of {rows} rows differ"})
        return Answers([result], [failure])


class _Question(NamedTuple):
    """What travels to the executors."""

    contract: Contract
    derive: Derive | None
    suite: list[Expectation]
    parameters: dict[str, Any]
    hashed: bool

    def asked_of(self, rows: pa.Table) -> dict[str, Any]:
        """What is to be said of a piece."""
        columns = columns_of(rows, self.derive)
        doubtful = [n for n, one in enumerate(self.suite) if not columns.surely_meet(one, self.parameters)]
        frame = rows_view(rows, self.derive) if doubtful else None
        refused = [(place, found) for place in doubtful if (found := self._refusal(frame, place))]
        totals = Totals(self.contract)
        if self.hashed:
            totals.add(rows)
        return {"totals": totals.result(), "rows": rows.num_rows, "doubtful": json.dumps(refused, default=str)}

    def _refusal(self, frame: pd.DataFrame, place: int) -> dict[str, Any] | None:
        """What Great Expectations has against a piece, if anything."""
        found = answers(frame, [self.suite[place]], self.parameters, self.contract.full_name)
        if not found.failures:
            return None
        rows = found.results[0]["result"].get("unexpected_count") or 0
        return {"rows": rows, "failure": found.failures[0].model_dump(mode="json")}


def _asked(spark: SparkSession, staged: Staged, question: _Question) -> list[dict[str, Any]]:
    target, store = Target.of(question.contract), object_store(settings())

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for text in (text for batch in batches for text in batch["arquivo"].to_pylist()):
            file = DataFile.model_validate_json(text)
            for rows in rows_of_file(store, target, file.path, file.partition):
                yield pa.RecordBatch.from_pylist([question.asked_of(rows)])

    listed = spark.createDataFrame([(file.model_dump_json(),) for file in staged.files], "arquivo string")
    # A stream's day has many small files: a task for each would cost more than its rows.
    tasks = min(len(staged.files), tasks_of(staged.rows))
    asked = listed.repartition(tasks).mapInArrow(run, "totals string, rows bigint, doubtful string")
    rows: list[dict[str, Any]] = asked.toArrow().to_pylist()
    return rows


def tasks_of(rows: int) -> int:
    """How many tasks look at so many rows."""
    return 2 + rows // _ROWS_PER_TASK


def _unique(frame: DataFrame, rows: int, expectation: Expectation) -> Answers:
    """Whether no two rows have the same key."""
    kwargs = expectation["kwargs"]
    columns = kwargs.get("column_list") or [kwargs["column"]]
    spread = frame.select(*columns).repartition(tasks_of(rows), *columns)
    repeated = spread.groupBy(*columns).count().where("count > 1")
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

"""Judging staged rows: suite, verdict, and a reason that an operator can read."""

import json
from datetime import UTC, date, datetime, time
from typing import Any

import pandas as pd
import pyarrow as pa

from acude.contracts.model import Contract, table
from acude.errors import AcudeError
from acude.lake import records, staging
from acude.lake.content import content_hash_of
from acude.lake.delta import partition_of
from acude.lake.records import s3
from acude.lake.staging import Failure, Staged, Verdict
from acude.quality.docs import write_docs
from acude.quality.expectations import validate
from acude.quality.suites import BALANCE, ROWS, suite_of
from acude.quality.views import balance_view, rows_view
from acude.settings import settings

_SAMPLE = 3


class QualityError(AcudeError):
    """Rows that their suite refused; nothing of them is visible."""

    def __init__(self, verdicts: list[Verdict], where: dict[str, str], docs: str) -> None:
        lines = [
            f"{verdict.table} of {verdict.day}: {_sentence(failure)}"
            for verdict in verdicts
            for failure in verdict.failures
        ]
        kept = ", ".join(where.values())
        super().__init__(
            "; ".join(lines) + f". Nothing was published. The rows are kept in {kept or 'their table'}, the report is "
            f"{docs}; correct the source and run the day again"
        )
        self.verdicts = verdicts
        self.where = where
        self.docs = docs


def judge(staged: list[Staged]) -> dict[str, Any]:
    """Judges staged tables, keeps the verdicts beside the rows, and writes the Data Docs.

    Returns:
        `docs`: path of the report; `tables`: by name the number of expectations and the hash of the judged rows.

    Raises:
        QualityError: some were refused; their rows and results lie under `_rejeitados/`.
    """
    verdicts = []
    for one in staged:
        rows = staging.rows_of(one)
        verdict, results = verdict_on(rows, one, content_hash_of(rows, table(one.table)))
        staging.put_verdict(verdict)
        _keep_results(one, results)
        verdicts.append(verdict)
    docs = str(write_docs(verdicts))
    refused = [verdict for verdict in verdicts if not verdict.success]
    if refused:
        names = {verdict.table for verdict in refused}
        where = {one.table: f"{settings().lake_bucket}/{staging.reject(one)}" for one in staged if one.table in names}
        raise QualityError(refused, where, docs)
    tables = {v.table: {"expectations": v.expectations, "hash": v.hash} for v in verdicts}
    return {"docs": docs, "tables": tables}


def verdict_on(rows: pa.Table, staged: Staged, content_hash: str) -> tuple[Verdict, list[dict[str, Any]]]:
    """What the table's suite says about these rows.

    Args:
        rows: the contract's columns.
        staged: their description, with the parameters and sums that the suite asks for.
        content_hash: of the rows; it goes into the verdict.

    Returns:
        The verdict, and Great Expectations' own results.
    """
    contract = table(staged.table)
    parameters = {**staged.parameters, **_parameters_of(contract, staged.day)}
    view = rows_view(rows, staged.table)
    views = {ROWS: view}
    if staged.expected is not None:
        views[BALANCE] = balance_view(rows, staged)
    results, failures = [], []
    for kind, frame in views.items():
        suite = suite_of(contract, kind)
        if suite:
            found = validate(frame, suite, parameters, staged.table)
            results += found
            failures += [_failure(one, frame) for one in found if not one["success"]]
    verdict = Verdict(
        table=staged.table,
        day=staged.day,
        run_id=staged.run_id,
        hash=content_hash,
        etag=staged.etag,
        expectations=len(results),
        failures=failures,
        judged_at=records.now(),
    )
    return verdict, results


def _parameters_of(contract: Contract, day: date) -> dict[str, Any]:
    """What every suite may ask for: the partition that is judged, and the day's last instant."""
    monthly = contract.column(contract.partition_by[0]).type == "string"
    end = datetime.combine(day, time.max, UTC)
    return {"particao": [partition_of(contract, day) if monthly else day], "fim_do_dia": end}


def _failure(result: dict[str, Any], frame: pd.DataFrame) -> Failure:
    config = result["expectation_config"]
    kwargs = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
    columns = [kwargs.pop(name) for name in ("column", "column_A", "column_B") if name in kwargs]
    return Failure(
        expectation=config["type"],
        column=" / ".join(columns) or ", ".join(kwargs.get("column_list", ())) or "*",
        expected=", ".join(f"{name} {value}" for name, value in kwargs.items()),
        found=_found(result),
        sample=_sample(result["result"], frame),
        meaning=(config.get("meta") or {}).get("significado", ""),
    )


def _found(result: dict[str, Any]) -> str:
    facts = result["result"]
    if "unexpected_count" in facts and facts.get("element_count"):
        return f"{facts['unexpected_count']} of {facts['element_count']} rows differ"
    if facts.get("observed_value") is not None:
        return str(facts["observed_value"])
    problem = result.get("exception_info") or {}
    text = problem.get("exception_message") or next(
        (one.get("exception_message") for one in problem.values() if isinstance(one, dict)), None
    )
    return f"it could not be checked: {text}" if text else json.dumps(facts, default=str)


def _sample(facts: dict[str, Any], frame: pd.DataFrame) -> list[str]:
    """The first offending rows in full, so that nobody has to look for them."""
    places = facts.get("partial_unexpected_index_list") or []
    rows = [frame.loc[place] for place in places[:_SAMPLE]]
    return [", ".join(f"{name}={value}" for name, value in row.items()) for row in rows]


def _sentence(failure: Failure) -> str:
    meaning = failure.meaning or f"{failure.expectation} on {failure.column}"
    expected = f" (expected {failure.expected})" if failure.expected and not failure.meaning else ""
    sample = f", for one: {failure.sample[0]}" if failure.sample else ""
    return f"{meaning}{expected}: {failure.found}{sample}"


def _keep_results(staged: Staged, results: list[dict[str, Any]]) -> None:
    key = staging.folder(table(staged.table), staged.day, staged.run_id) + "validacao.json"
    s3().put_object(Bucket=settings().lake_bucket, Key=key, Body=json.dumps(results, default=str).encode())

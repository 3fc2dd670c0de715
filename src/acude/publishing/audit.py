"""Audits staged rows: asks their suite, keeps the result, and explains a failure to an operator."""

import json
from typing import Any

import pyarrow as pa

from acude.aws import s3
from acude.contracts.model import table
from acude.errors import AcudeError
from acude.lake import run_records
from acude.lake.content import content_hash_of
from acude.publishing import in_pieces, staging
from acude.publishing.data_docs import write_docs
from acude.publishing.examine import Answers, answers, parameters_of
from acude.publishing.publish import session
from acude.publishing.staging import AuditResult, Failure, Staged
from acude.publishing.suites import BALANCE, ROWS, suite_of
from acude.publishing.totals import sums_by_currency
from acude.publishing.views import Derive, Derived, balance_view, rows_view
from acude.settings import settings


class QualityError(AcudeError):
    """Rows that their suite refused; nothing of them is visible."""

    def __init__(self, refused: list[AuditResult], where: dict[str, str], docs: str) -> None:
        lines = [f"{one.table} of {one.day}: {_sentence(failure)}" for one in refused for failure in one.failures]
        kept = ", ".join(where.values())
        super().__init__(
            "; ".join(lines) + f". Nothing was published. The rows are kept in {kept or 'their table'}, the report is "
            f"{docs}; correct the source and run the day again"
        )
        self.refused = refused
        self.where = where
        self.docs = docs


def audit(staged: list[Staged], derived: Derived) -> dict[str, Any]:
    """Audits staged tables, keeps the results beside the rows, and writes the Data Docs.

    Args:
        staged: the days.
        derived: the tables' derived columns.

    Returns:
        `docs`: address of the report; `tables`: by name the number of expectations and the hash of the audited rows.

    Raises:
        QualityError: some were refused; their rows and results lie under `_rejeitados/`.
    """
    results = []
    for one in staged:
        etags = staging.etags_of(one)
        result, found = result_on_files(one, derived.get(one.table))
        result = result.model_copy(update={"etags": etags})
        staging.put_result(result)
        _keep_found(one, found)
        results.append(result)
    docs = write_docs(results)
    refused = [result for result in results if not result.success]
    if refused:
        names = {result.table for result in refused}
        rejected = [one for one in staged if one.table in names]
        # All are copied before one is discarded: a task that is killed meanwhile and repeated audits them again.
        where = {one.table: f"{settings().lake_bucket}/{staging.keep_rejected(one)}" for one in rejected}
        for one in rejected:
            staging.discard(one)
        raise QualityError(refused, where, docs)
    tables = {one.table: {"expectations": one.expectations, "hash": one.hash} for one in results}
    return {"docs": docs, "tables": tables}


def result_on_files(staged: Staged, derive: Derive | None) -> tuple[AuditResult, list[dict[str, Any]]]:
    """What the table's suite says about the files, however many rows they hold, and Great Expectations' own results."""
    contract = table(staged.table)
    # A topic's silver table has no day that is published at once, so no hash to compare with, nor types for one.
    hashed = contract.writer == "batch"
    if staged.rows > in_pieces.LARGEST:
        return _result_on_large(staged, derive, hashed=hashed)
    rows = staging.rows_of(staged)
    return result_on(rows, staged, content_hash_of(rows, contract) if hashed else "", derive)


def _result_on_large(
    staged: Staged, derive: Derive | None, *, hashed: bool
) -> tuple[AuditResult, list[dict[str, Any]]]:
    """The same, without bringing the rows here."""
    contract = table(staged.table)
    with session() as spark:
        totals, found = in_pieces.answers_of_files(spark, staged, derive, hashed=hashed)
    if staged.expected is not None:
        balance = balance_view(totals.sums, staged.expected)
        found.append(answers(balance, suite_of(contract, BALANCE), parameters_of(contract, staged), staged.table))
    return result_of(staged, totals.hash if hashed else "", found)


def result_on(
    rows: pa.Table, staged: Staged, content_hash: str, derive: Derive | None
) -> tuple[AuditResult, list[dict[str, Any]]]:
    """What the table's suite says about these rows.

    Args:
        rows: the contract's columns.
        staged: their description, with the parameters and sums that the suite asks for.
        content_hash: of the rows; it goes into the result.
        derive: adds the table's derived columns.

    Returns:
        The audit's result, and Great Expectations' own results.
    """
    contract = table(staged.table)
    frame, parameters = rows_view(rows, derive), parameters_of(contract, staged)
    found = [answers(frame, suite_of(contract, ROWS), parameters, staged.table)]
    if staged.expected is not None:
        balance = balance_view(sums_by_currency(rows), staged.expected)
        found.append(answers(balance, suite_of(contract, BALANCE), parameters, staged.table))
    return result_of(staged, content_hash, found)


def result_of(staged: Staged, content_hash: str, found: list[Answers]) -> tuple[AuditResult, list[dict[str, Any]]]:
    """The audit's result, and Great Expectations' own results."""
    results = [result for one in found for result in one.results]
    failures = [failure for one in found for failure in one.failures]
    result = AuditResult(
        table=staged.table,
        day=staged.day,
        run_id=staged.run_id,
        hash=content_hash,
        expectations=len(results),
        failures=failures,
        audited_at=run_records.now(),
    )
    return result, results


def _sentence(failure: Failure) -> str:
    meaning = failure.meaning or f"{failure.expectation} on {failure.column}"
    expected = f" (expected {failure.expected})" if failure.expected and not failure.meaning else ""
    sample = f", for one: {failure.sample[0]}" if failure.sample else ""
    return f"{meaning}{expected}: {failure.found}{sample}"


def _keep_found(staged: Staged, found: list[dict[str, Any]]) -> None:
    key = staging.folder(table(staged.table), staged.day, staged.run_id) + "validacao.json"
    s3().put_object(Bucket=settings().lake_bucket, Key=key, Body=json.dumps(found, default=str).encode())

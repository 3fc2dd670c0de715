"""Audits staged rows: asks their suite, keeps the verdict, and explains a failure to an operator."""

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
from acude.publishing.staging import Failure, Staged, Verdict
from acude.publishing.suites import BALANCE, ROWS, suite_of
from acude.publishing.totals import sums_by_currency
from acude.publishing.views import balance_view, rows_view
from acude.settings import settings


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


def audit(staged: list[Staged]) -> dict[str, Any]:
    """Audits staged tables, keeps the verdicts beside the rows, and writes the Data Docs.

    Returns:
        `docs`: path of the report; `tables`: by name the number of expectations and the hash of the audited rows.

    Raises:
        QualityError: some were refused; their rows and results lie under `_rejeitados/`.
    """
    verdicts = []
    for one in staged:
        etags = staging.etags_of(one)
        verdict, results = verdict_on_files(one)
        verdict = verdict.model_copy(update={"etags": etags})
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


def verdict_on_files(staged: Staged) -> tuple[Verdict, list[dict[str, Any]]]:
    """What the table's suite says about the files, however many rows they hold, and Great Expectations' own results."""
    if staged.rows > in_pieces.LARGEST:
        return _verdict_on_large(staged)
    rows = staging.rows_of(staged)
    return verdict_on(rows, staged, content_hash_of(rows, table(staged.table)))


def _verdict_on_large(staged: Staged) -> tuple[Verdict, list[dict[str, Any]]]:
    """The same, without bringing the rows here."""
    contract = table(staged.table)
    with session() as spark:
        totals, found = in_pieces.answers_of_files(spark, staged)
    if staged.expected is not None:
        balance = balance_view(totals.sums, staged.expected)
        found.append(answers(balance, suite_of(contract, BALANCE), parameters_of(contract, staged), staged.table))
    return verdict_of(staged, totals.hash, found)


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
    frame, parameters = rows_view(rows, staged.table), parameters_of(contract, staged)
    found = [answers(frame, suite_of(contract, ROWS), parameters, staged.table)]
    if staged.expected is not None:
        balance = balance_view(sums_by_currency(rows), staged.expected)
        found.append(answers(balance, suite_of(contract, BALANCE), parameters, staged.table))
    return verdict_of(staged, content_hash, found)


def verdict_of(staged: Staged, content_hash: str, found: list[Answers]) -> tuple[Verdict, list[dict[str, Any]]]:
    """The verdict on staged rows, and Great Expectations' own results."""
    results = [result for one in found for result in one.results]
    failures = [failure for one in found for failure in one.failures]
    verdict = Verdict(
        table=staged.table,
        day=staged.day,
        run_id=staged.run_id,
        hash=content_hash,
        expectations=len(results),
        failures=failures,
        audited_at=run_records.now(),
    )
    return verdict, results


def _sentence(failure: Failure) -> str:
    meaning = failure.meaning or f"{failure.expectation} on {failure.column}"
    expected = f" (expected {failure.expected})" if failure.expected and not failure.meaning else ""
    sample = f", for one: {failure.sample[0]}" if failure.sample else ""
    return f"{meaning}{expected}: {failure.found}{sample}"


def _keep_results(staged: Staged, results: list[dict[str, Any]]) -> None:
    key = staging.folder(table(staged.table), staged.day, staged.run_id) + "validacao.json"
    s3().put_object(Bucket=settings().lake_bucket, Key=key, Body=json.dumps(results, default=str).encode())

"""All tables' suites on what is published of a day: the `qualidade` DAG's question."""

from datetime import date
from typing import Any

from acude.contracts.model import Contract, Layer, tables
from acude.lake import run_records
from acude.lake.delta import partition_of
from acude.lake.snapshot import rows_of_day, snapshot
from acude.publishing.audit import QualityError, verdict_on, verdict_on_files
from acude.publishing.data_docs import write_docs
from acude.publishing.staging import Failure, Staged, Verdict
from acude.publishing.totals import sums_by_currency
from jobs.batch import receita_mensal

LARGEST = 200_000
"""The most rows of a stream's day that are audited: more would not fit into memory, and a fault shows in a sample."""


def audited_tables() -> list[Contract]:
    """The lake's tables that hold days: the batch's marts and silver, and the topics' silver tables."""
    return [
        contract
        for contract in tables()
        if contract.daily and contract.layer in {Layer.SILVER, Layer.GOLD} and contract.partition_by
    ]


def audit_all(day: date, run_id: str = "qualidade") -> dict[str, Any]:
    """Audits every table's rows of a day (of its month in a monthly table), and checks that they are those published.

    Args:
        day: UTC day.
        run_id: names the page in the Data Docs.

    Returns:
        `docs`: path of the report; `tables`: by name the number of expectations, rows and hash.

    Raises:
        QualityError: at least one table is not as its suite or its publication says; all are audited first.
    """
    audited = [_audited(contract, day, run_id) for contract in audited_tables()]
    verdicts = [verdict for verdict, _ in audited]
    docs = str(write_docs(verdicts))
    refused = [verdict for verdict in verdicts if not verdict.success]
    if refused:
        raise QualityError(refused, {}, docs)
    found = {v.table: {"expectations": v.expectations, "rows": rows, "hash": v.hash} for v, rows in audited}
    return {"docs": docs, "tables": found}


def _audited(contract: Contract, day: date, run_id: str) -> tuple[Verdict, int]:
    """A table's verdict on its published rows, and their number."""
    if contract.writer != "batch":
        # The streams write these; they have no day that is published at once, so no hash to compare with.
        rows = rows_of_day(contract, day, LARGEST)
        sample = Staged(table=contract.full_name, day=day, run_id=run_id, rows=rows.num_rows, hash="")
        return verdict_on(rows, sample, "")[0], rows.num_rows
    visible = _visible(contract, day, run_id)
    publication = run_records.publication(contract.full_name, day)
    if publication is None:
        return _never_published(visible), visible.rows
    monthly = contract.full_name == receita_mensal.TABLE
    # Other days' runs replace the month too: it has to be the sum of its days as they are now.
    expected = sums_by_currency(receita_mensal.published_days(day)) if monthly else publication.expected
    verdict, _ = verdict_on_files(
        visible.model_copy(update={"expected": expected, "parameters": publication.parameters})
    )
    if not monthly and verdict.hash != publication.hash:
        verdict = _with(verdict, _altered(verdict.hash, publication.hash))
    return verdict, visible.rows


def _visible(contract: Contract, day: date, run_id: str) -> Staged:
    """The files that readers see of a day, described as those that are staged."""
    found = snapshot(contract)
    files = found.described(partition_of(contract, day)) if found else []
    rows = sum(file.rows for file in files)
    return Staged(table=contract.full_name, day=day, run_id=run_id, rows=rows, hash="", files=files)


def _altered(found: str, promised: str) -> Failure:
    return Failure(
        expectation="content_hash",
        column="*",
        expected=promised,
        found=found,
        meaning=f"the rows are those that were published ({promised})",
    )


def _never_published(visible: Staged) -> Verdict:
    failure = Failure(
        expectation="publication",
        column="*",
        expected="a run of the day",
        found="none",
        meaning="the day was published",
    )
    verdict = Verdict(
        table=visible.table,
        day=visible.day,
        run_id=visible.run_id,
        hash=visible.hash,
        expectations=1,
        audited_at=run_records.now(),
    )
    return _with(verdict, failure)


def _with(verdict: Verdict, failure: Failure) -> Verdict:
    return verdict.model_copy(update={"failures": [*verdict.failures, failure]})

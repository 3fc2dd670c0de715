"""All tables' suites on what is published of a day: the `qualidade` DAG's question."""

from datetime import date
from typing import Any

from acude.contracts.model import Contract, Layer, tables
from acude.lake import run_records
from acude.lake.delta import partition_of
from acude.lake.snapshot import snapshot
from acude.publishing.audit import QualityError, result_on_files
from acude.publishing.data_docs import write_docs
from acude.publishing.staging import AuditResult, Failure, Staged
from acude.publishing.submit import submit
from acude.publishing.views import Derived
from jobs.batch import marts, vendas

_DERIVED: Derived = {**marts.DERIVED, **vendas.DERIVED}


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
        `docs`: address of the report; `tables`: by name the number of expectations, rows and hash.

    Raises:
        QualityError: at least one table is not as its suite or its publication says; all are audited first.
    """
    audited = [_audited(contract, day, run_id) for contract in audited_tables()]
    results = [result for result, _ in audited]
    docs = write_docs(results)
    refused = [result for result in results if not result.success]
    if refused:
        raise QualityError(refused, {}, docs)
    found = {one.table: {"expectations": one.expectations, "rows": rows, "hash": one.hash} for one, rows in audited}
    return {"docs": docs, "tables": found}


def _audited(contract: Contract, day: date, run_id: str) -> tuple[AuditResult, int]:
    """What a table's suite says about its published rows, and their number."""
    derive = _DERIVED.get(contract.full_name)
    visible = _visible(contract, day, run_id)
    if contract.writer != "batch":
        # The streams write these; no day of them is published.
        return result_on_files(visible, derive)[0], visible.rows
    publication = run_records.publication(contract.full_name, day)
    if publication is None:
        return _never_published(visible), visible.rows
    mart = marts.MARTS.get(contract.full_name)
    sums, content = mart.promised(publication) if mart else (publication.expected, publication.hash)
    result, _ = result_on_files(
        visible.model_copy(update={"expected": sums, "parameters": publication.parameters}), derive
    )
    if content and result.hash != content:
        result = _with(result, _altered(result.hash, content))
    return result, visible.rows


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


def _never_published(visible: Staged) -> AuditResult:
    failure = Failure(
        expectation="publication",
        column="*",
        expected="a run of the day",
        found="none",
        meaning="the day was published",
    )
    result = AuditResult(
        table=visible.table,
        day=visible.day,
        run_id=visible.run_id,
        hash=visible.hash,
        expectations=1,
        audited_at=run_records.now(),
    )
    return _with(result, failure)


def _with(result: AuditResult, failure: Failure) -> AuditResult:
    return result.model_copy(update={"failures": [*result.failures, failure]})


if __name__ == "__main__":
    submit("audit_published", __doc__, audit_all)

"""What a DAG asks: does the money agree, was the day published, does the form want it."""

from datetime import date, timedelta

from airflow.sdk.exceptions import AirflowSkipException

from acude.orchestration.errors import CheckError

SALES = "silver.vendas"


def reconciled(first: date, last: date, *, events: bool = False, wait: timedelta = timedelta()) -> str:
    """Compares the days' money in every place that holds it.

    Args:
        first: first UTC day.
        last: last UTC day.
        events: compare the streams' events and their sets, too.
        wait: how long to look again while something differs.

    Returns:
        A sentence with the number of figures compared.

    Raises:
        CheckError: some differ.
    """
    from acude.reconciliation import compare as reconcile  # noqa: PLC0415 - it reads all engines' clients

    report = reconcile.run(first, last, events=events, wait=wait)
    if not report.ok:
        raise CheckError(f"{first} to {last} don't agree everywhere. " + "; ".join(report.differences()))
    return f"{len(report.money)} sums and {len(report.sets)} rules of {first} to {last} agree"


def require_published(day: date) -> None:
    """Skips the task where the day's sales were never published, as on a new platform.

    Raises:
        AirflowSkipException: they weren't.
    """
    from acude.lake import run_records  # noqa: PLC0415 - imports boto3

    if run_records.publication(SALES, day) is None:
        raise AirflowSkipException(
            f"{SALES} of {day} was never published: there is nothing to audit. Run vendas_diarias"
        )


def require_asked(*, asked: bool) -> None:
    """Skips the task unless the run's form asks for it.

    Raises:
        AirflowSkipException: it doesn't.
    """
    if not asked:
        raise AirflowSkipException("The run's form does not ask for it. Nothing was changed")

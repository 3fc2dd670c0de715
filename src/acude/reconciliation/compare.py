"""`reconcile`: nothing lost, nothing twice, and the money adds up, as tables."""

from datetime import date, timedelta

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from acude.reconciliation.money import purchase_rows, sales_rows
from acude.reconciliation.payments import payment_rows
from acude.reconciliation.report import Report
from acude.reconciliation.sets import gap_rows, set_rows
from acude.settings import Settings, settings


def run(
    first: date, last: date, config: Settings | None = None, *, events: bool = True, wait: timedelta = timedelta()
) -> Report:
    """Compares all places for the days from first to last, both included.

    Args:
        first: first UTC day.
        last: last UTC day.
        config: where everything is.
        events: compare the events' sets, purchases and payments, too; the daily sales alone otherwise.
        wait: how long to ask again while something differs, for batches that are under way.
    """
    config = config or settings()
    attempts = Retrying(
        retry=retry_if_result(lambda report: not report.ok),
        stop=stop_after_delay(wait),
        wait=wait_fixed(2),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    report: Report = attempts(_compared, first, last, config, events=events)
    return report


def _compared(first: date, last: date, config: Settings, *, events: bool) -> Report:
    money, sets = sales_rows(config, first, last)
    if events:
        paid, decided = payment_rows(config, first, last)
        money += [*purchase_rows(config, first, last), *paid]
        sets += [*set_rows(config, first, last), *gap_rows(config, first, last), *decided]
    return Report(first, last, tuple(money), tuple(sets))

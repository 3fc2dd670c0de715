"""``acude reconcile``."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from acude.commands.days import day_option, require_order
from acude.commands.output import Json, err, out, print_json, print_table, styled
from acude.days import require_days
from acude.errors import FAILED, NOTHING_FOUND
from acude.reconciliation.report import MoneyRow, Report

app = typer.Typer(add_completion=False)


@app.command()
def reconcile(
    *,
    from_: Annotated[
        date | None, day_option("--from", "First UTC day; seven days before the last unless given.")
    ] = None,
    to: Annotated[date | None, day_option("--to", "Last UTC day, included; today unless given.")] = None,
    wait_s: Annotated[int, typer.Option("--wait", help="Seconds to ask again while something differs.")] = 30,
    as_json: Json = False,
) -> None:
    """Compare ledger, inbox, silver, gold, warehouse and Athena to the cent, and the sets of records by coordinate.

    Payments are followed to their decisions, in the lake and in PostgreSQL. Each place is read by a client of its own.
    The ledger is that of this machine's simulator; it is absent on days of which it has nothing, and today's sales
    may not be exported yet.
    A batch that is being written shows as a difference at first, so the comparison is repeated for
    [bold]--wait[/bold] seconds. Records count by the day that their rule names: that on which the broker took them, on
    which the payment was made, or of the file's name. Exit code 0: all agree; 1: something differs; 3: there is nothing
    of these days.

    Examples:
      acude reconcile                                    the last seven days and today
      acude reconcile --from 2010-12-01 --to 2010-12-31  a month of the past
    """
    from acude.reconciliation import compare as reconciliation  # noqa: PLC0415 - imports Arrow, which --help does without

    today = datetime.now(UTC).date()
    last = to or today
    require_days(last)
    first = from_ or last - timedelta(days=7)
    require_days(first)
    require_order(first, last)
    with err.status(f"Comparing {first} to {last}"):
        report = reconciliation.run(first, last, wait=timedelta(seconds=wait_s))
    if as_json:
        print_json(report.as_json())
    else:
        show(report)
    raise typer.Exit(NOTHING_FOUND if report.empty else 0 if report.ok else FAILED)


def show(report: Report) -> None:
    """Prints a report as tables, and its differences as sentences."""
    if report.empty:
        days = f"{report.first} to {report.last}"
        out.print(f"There is nothing to compare: no place has a sale, an event or a payment of {days}.")
        return
    for flow in dict.fromkeys(row.key.flow for row in report.money):
        rows = [row for row in report.money if row.key.flow == flow]
        places = list(dict.fromkeys(place for row in rows for place in row.sums))
        cells = [_cells(row, places) for row in rows]
        print_table(["day", "currency", *places, ""], cells, title=f"Money: {flow}")
        out.print()
    print_table(
        ["records", "counted by", "checked", "break it", ""],
        [(row.rule, row.counted_by, f"{row.checked:,}", f"{row.broken:,}", _mark(ok=row.ok)) for row in report.sets],
    )
    for sentence in report.differences():
        out.print(f"[red]✗[/red] {escape(sentence)}")
    if report.ok:
        out.print(f"[green]✓[/green] {report.first} to {report.last}: all places agree")


def _mark(*, ok: bool) -> Text:
    return styled("✓", "green") if ok else styled("✗", "red")


def _cells(row: MoneyRow, places: list[str]) -> list[str | Text]:
    return [str(row.key.day), row.key.currency, *(_amount(row, place) for place in places), _mark(ok=row.ok)]


def _amount(row: MoneyRow, place: str) -> str:
    if place not in row.sums:
        return "absent"
    value = row.sums[place]
    return "none" if value is None else f"{value:f}"

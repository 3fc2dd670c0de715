"""``acude reconcile``."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from acude.commands.output import Json, err, out, print_json, print_table
from acude.days import require_days
from acude.reconciliation.report import MoneyRow, Report

app = typer.Typer(add_completion=False)


@app.command()
def reconcile(
    *,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day; seven days ago unless given."),
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day, included; today unless given.")
    ] = None,
    wait_s: Annotated[int, typer.Option("--wait", help="Seconds to ask again while something differs.")] = 30,
    as_json: Json = False,
) -> None:
    """Compare ledger, inbox, silver, gold, warehouse and Athena to the cent, and the sets of records by coordinate.

    Payments are followed to their decisions, in the lake and in PostgreSQL. Each place is read by a client of its own.
    The ledger is that of this machine's simulator; it is absent on days of which it has nothing, and today's sales
    may not be exported yet.
    A batch that is being written shows as a difference at first, so the comparison is repeated for
    [bold]--wait[/bold] seconds. Exit code 0: all agree; 1: something differs.

    Examples:
      acude reconcile                                    the last seven days and today
      acude reconcile --from 2010-12-01 --to 2010-12-31  a month of the past
    """
    from acude.reconciliation import compare as reconciliation  # noqa: PLC0415 - imports Arrow, which --help does without

    today = datetime.now(UTC).date()
    last = to.date() if to else today
    require_days(last)
    first = from_.date() if from_ else last - timedelta(days=7)
    require_days(first)
    if first > last:
        raise typer.BadParameter(f"--from {first} lies behind --to {last}")
    with err.status(f"Comparing {first} to {last}"):
        report = reconciliation.run(first, last, wait=timedelta(seconds=wait_s))
    if as_json:
        print_json(report.as_json())
    else:
        show(report)
    raise typer.Exit(0 if report.ok else 1)


def show(report: Report) -> None:
    """Prints a report as tables, and its differences as sentences."""
    for flow in dict.fromkeys(row.key.flow for row in report.money):
        rows = [row for row in report.money if row.key.flow == flow]
        places = list(dict.fromkeys(place for row in rows for place in row.sums))
        cells = [_cells(row, places) for row in rows]
        print_table(["day", "currency", *places, ""], cells, title=f"Money: {flow}")
        out.print()
    print_table(
        ["records", "checked", "break it", ""],
        [(row.rule, f"{row.checked:,}", f"{row.broken:,}", _mark(ok=row.ok)) for row in report.sets],
    )
    for sentence in report.differences():
        out.print(f"[red]✗[/red] {sentence}")
    if report.ok:
        out.print(f"[green]✓[/green] {report.first} to {report.last}: all places agree")


def _mark(*, ok: bool) -> str:
    return "[green]✓[/green]" if ok else "[red]✗[/red]"


def _cells(row: MoneyRow, places: list[str]) -> list[str]:
    return [str(row.key.day), row.key.currency, *(_amount(row, place) for place in places), _mark(ok=row.ok)]


def _amount(row: MoneyRow, place: str) -> str:
    if place not in row.sums:
        return "absent"
    value = row.sums[place]
    return "none" if value is None else f"{value:f}"

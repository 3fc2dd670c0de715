"""``acude query``."""

import csv
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from acude.commands.output import Json, err, out, print_json, print_table
from acude.errors import WrongUseError
from acude.printable import printable

if TYPE_CHECKING:
    from acude.athena.client import QueryResult

app = typer.Typer(add_completion=False)


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One statement in Athena's SQL.")],
    *,
    database: Annotated[str, typer.Option("--database", "-d", help="Database for table names without one.")] = "gold",
    written: Annotated[
        Format | None, typer.Option("--format", help="A table on a terminal, CSV elsewhere unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask Athena, as an analyst's own client would.

    On a terminal the answer is a table; rows that are too wide for it are shown column by column. In a file or a pipe
    it is CSV with a heading, whole and uncut: [bold]acude query "…" > answer.csv[/bold]. With [bold]--json[/bold] it is
    a list of objects; decimals and times are text, with every digit. Exit code 1 where Athena refuses the query, with
    its reason.

    Examples:
      acude query "SHOW TABLES IN gold"
      acude query "SELECT regiao, sum(receita) FROM gold.vendas_por_regiao GROUP BY regiao" --json
      acude query "SELECT * FROM silver.vendas WHERE data = DATE '2026-11-20'" > vendas.csv
    """
    if as_json and written not in {None, Format.JSON}:
        raise WrongUseError(f"Expected one way to write the answer, found --json and --format {written}.")
    from acude.athena.client import run_query  # noqa: PLC0415 - imports boto3, which --help does without

    with err.status("Athena is working"):
        answer = run_query(sql, database=database)
    if as_json or written == Format.JSON:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif written == Format.CSV or (written is None and not out.is_terminal):
        _print_csv(answer)
    else:
        _print(answer)


def _print_csv(answer: "QueryResult") -> None:
    """Every value whole; null is an empty field."""
    # A terminal must not do what a value says; a file gets the bytes as they are.
    shown = _shown if out.is_terminal else _as_it_is
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerows([shown(value) for value in row] for row in (answer.columns, *answer.rows))


def _shown(value: object) -> str:
    """A value for a terminal, without a sign that moves it."""
    return "" if value is None else printable(str(value))


def _as_it_is(value: object) -> object:
    return value


def _print(answer: "QueryResult") -> None:
    columns, *rows = [[_shown(value) for value in row] for row in (answer.columns, *answer.rows)]
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    if sum(widths) + len(widths) - 1 > out.width and rows:
        _print_expanded(columns, rows)
    else:
        print_table(columns, rows)
    out.print(f"{len(rows)} rows", style="dim")


def _print_expanded(columns: list[str], rows: list[list[str]]) -> None:
    """A line for each column of each row."""
    longest = max(map(len, columns))
    for number, row in enumerate(rows, 1):
        out.print(f"row {number}", style="dim")
        for name, value in zip(columns, row, strict=True):
            out.print(f"{name:<{longest}}  {value}", markup=False, soft_wrap=True)

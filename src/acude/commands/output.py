"""What the commands share in showing things: tables or JSON on stdout."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]

# Piped output has no width of its own; a table must not break its addresses there.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None, *, nothing: str = ""
) -> None:
    """A table on stdout, with as many lines as it needs.

    Args:
        columns: its heading.
        rows: its lines, as rich's markup.
        title: what stands above it.
        nothing: the sentence in its place where it has no row.
    """
    if nothing and not rows:
        out.print(nothing)
        return
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    out.print(table)

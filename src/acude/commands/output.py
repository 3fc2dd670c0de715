"""What the commands share in showing things: tables or JSON on stdout, without a sign that moves a terminal."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from acude.printable import printable

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]

_UNSEEN: Final = re.compile(r"[^\x20-\x7e\n]")


class SafeConsole(Console):
    """A console on which nothing that is printed can do more than be read."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's own
        """Escapes before widths are counted."""
        return super().render_str(printable(text, keep="\n\t"), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Escapes whatever else comes, such as rich's Text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, keep="\n"))


# Piped output has no width of its own; a table must not break its addresses there.
out = SafeConsole(highlight=False, width=None if sys.stdout.isatty() else 160)
err = SafeConsole(stderr=True, highlight=False)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """One JSON document on stdout; its strings are exact, with escapes for signs that are not seen."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    typer.echo(_UNSEEN.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text))


def print_lines(lines: Iterable[str]) -> None:
    """Lines on stdout, however long, without rich's markup."""
    for line in lines:
        typer.echo(printable(line, keep="\t"))


def styled(text: str, style: str) -> Text:
    """A cell in a colour."""
    return Text(printable(text), style)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], title: str | None = None, *, nothing: str = ""
) -> None:
    r"""A table on stdout, with as many lines as it needs.

    Args:
        columns: its heading.
        rows: its lines; text is shown as it is, without markup, and a line break in it as `\n`.
        title: what stands above it.
        nothing: the sentence in its place where it has no row.
    """
    if nothing and not rows:
        out.print(nothing)
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(styled(name, ""))
    for row in rows:
        table.add_row(*(styled(cell, "") if isinstance(cell, str) else cell for cell in row))
    out.print(table)

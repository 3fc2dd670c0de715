"""``acude trace``."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from acude.commands.output import Json, err, out, print_json
from acude.local.errors import PlatformError

if TYPE_CHECKING:
    from acude.payments.story.telling import Story

app = typer.Typer(add_completion=False)

_ID: Final = re.compile(r"[A-Za-z0-9_.:@+-]{1,64}")
_COLOURS: Final = {"log": "cyan", "kafka": "magenta", "valkey": "red", "postgres": "blue", "athena": "green"}
_STORES: Final = {
    "log": "the services' logs", "kafka": "the broker", "valkey": "the workers' memory",
    "postgres": "the decisions' database", "athena": "the lake",
}  # fmt: skip


@app.command()
def trace(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="A payment's id, or a trace id (id_rastro).")],
    *,
    as_json: Json = False,
) -> None:
    """Tell the whole story of one payment from all stores, in the order of time (UTC).

    The door's line in the log, the record on the topic, the decision with reasons, versions and what did not answer,
    the alert and whether the webhook took it, the row in PostgreSQL, and the rows and bytes in the lake. A store that
    does not answer is named, and the others are asked. Exit code 1 where none knows the payment.

    Examples:
      acude trace tnnhoegbfchcm-1
      acude trace 0af7651916cd43dd8448eb211c80319c --json
    """
    from acude.payments.story.telling import tell  # noqa: PLC0415 - every store's client, which --help does without
    from acude.settings import settings  # noqa: PLC0415

    if not _ID.fullmatch(wanted):
        raise PlatformError(
            f"{wanted!r} can't be an id.", "Ids have 1 to 64 letters, digits and _.:@+-; `acude risk why` has them too."
        )
    with err.status("asking every store"):
        story = tell(settings(), wanted)
    if as_json:
        print_json(story.plain())
    else:
        _print(story)
    if not story.events:
        silent = f" {', '.join(story.silent)} did not answer." if story.silent else ""
        raise PlatformError(
            f"No store knows {wanted!r}.{silent}",
            "Is the id right? What is no payment is in `acude quarantine list`.",
        )


def _print(story: "Story") -> None:
    if story.events:
        out.print(f"[bold]payment[/] {story.id_transacao or 'unknown'}  [bold]trace[/] {story.id_rastro or 'unknown'}")
        table = Table("time (UTC)", "store", "what", "", box=None, pad_edge=False, header_style="bold")
        known = {("id_transacao", str(story.id_transacao)), ("id_rastro", str(story.id_rastro))}
        for event in story.events:
            when = f"{event.at:%Y-%m-%d %H:%M:%S}.{event.at.microsecond // 1000:03d}"
            store = Text(event.store, _COLOURS.get(event.store, ""))
            # What one store has said need not be read again in the next one's line.
            fresh = {name: value for name, value in event.data.items() if (name, str(value)) not in known}
            known |= {(name, str(value)) for name, value in fresh.items()}
            table.add_row(when, store, Text(event.what), Text(_told(fresh)))
        out.print(table)
    for silent, kind in story.silent.items():
        err.print(f"[yellow]![/yellow] {_STORES[silent]} ({silent}) did not answer: {kind}")


def _told(data: Mapping[str, Any]) -> str:
    """The data in one line."""
    parts = ((name, ", ".join(map(str, value)) if isinstance(value, list) else value) for name, value in data.items())
    return "  ".join(f"{name}={value}" for name, value in parts if value not in (None, ""))

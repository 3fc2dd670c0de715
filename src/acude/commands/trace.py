"""``acude trace``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from acude.commands.output import Json, err, out, print_json, styled
from acude.errors import AcudeError, NothingFoundError, WrongUseError
from acude.printable import printable

if TYPE_CHECKING:
    from acude.payments.trace.gather import Trace

app = typer.Typer(add_completion=False)

_COLOURS: Final = {"log": "cyan", "kafka": "magenta", "valkey": "red", "postgres": "blue", "athena": "green"}
_STORES: Final = {
    "log": "the services' logs", "kafka": "the broker", "valkey": "the velocity store",
    "postgres": "the decisions' database", "athena": "the lake",
}  # fmt: skip


@app.command()
def trace(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="A payment's id, or a trace id (id_rastro).")],
    *,
    as_json: Json = False,
) -> None:
    """Trace one payment through all stores, in the order of time (UTC).

    The payment API's line in the log, the record on the topic, the decision with reasons, versions and causes, the
    alert and whether the webhook took it, the row in PostgreSQL, and the rows and bytes in the lake. A store that does
    not answer is named. Exit code 3 where no store knows the payment, 1 where one
    that did not answer may know it.

    Examples:
      acude trace tnnhoegbfchcm-1
      acude trace 0af7651916cd43dd8448eb211c80319c --json
    """
    from acude.contracts.documents import as_stored  # noqa: PLC0415 - --help does without it
    from acude.payments.trace.gather import gather  # noqa: PLC0415 - every store's client
    from acude.payments.trace_ids import ID  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    # Punctuation of a document is no sign of an id, and nothing that is stored.
    stored = as_stored(settings(), wanted)
    if not ID.fullmatch(stored):
        raise WrongUseError(
            f"{wanted!r} can't be an id.", "Ids have 1 to 64 letters, digits and _.:@+-; `acude risk why` has them too."
        )
    with err.status("asking every store"):
        found = gather(settings(), stored)
    if as_json:
        print_json(found.plain())
    else:
        _print(found)
    if not found.events:
        if found.silent:
            raise AcudeError(
                f"No store that answers knows {wanted!r}; {', '.join(found.silent)} did not answer.",
                "`acude status` shows what runs, `acude up` starts it.",
            )
        raise NothingFoundError(
            f"No store knows {wanted!r}.",
            "Is the id right? What is no payment is in `acude quarantine list`.",
        )


def _print(found: "Trace") -> None:
    if found.events:
        payment, rastro = (escape(printable(one or "unknown")) for one in (found.id_transacao, found.id_rastro))
        out.print(f"[bold]payment[/] {payment}  [bold]trace[/] {rastro}")
        table = Table("time (UTC)", "store", "what", "", box=None, pad_edge=False, header_style="bold")
        known = {("id_transacao", str(found.id_transacao)), ("id_rastro", str(found.id_rastro))}
        for event in found.events:
            when = f"{event.at:%Y-%m-%d %H:%M:%S}.{event.at.microsecond // 1000:03d}"
            store = styled(event.store, _COLOURS.get(event.store, ""))
            # What an earlier line shows is left out of the later ones.
            fresh = {name: value for name, value in event.data.items() if (name, str(value)) not in known}
            known |= {(name, str(value)) for name, value in fresh.items()}
            table.add_row(when, store, styled(event.what, ""), styled(_line(fresh), ""))
        out.print(table)
    for silent, kind in found.silent.items():
        err.print(f"[yellow]![/yellow] {_STORES[silent]} ({silent}) did not answer: {kind}")


def _line(data: Mapping[str, Any]) -> str:
    """The data in one line."""
    parts = ((name, ", ".join(map(str, value)) if isinstance(value, list) else value) for name, value in data.items())
    return "  ".join(f"{name}={value}" for name, value in parts if value not in (None, ""))

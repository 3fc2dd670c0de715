"""``acude audit``."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from acude.commands.database import decisions_database
from acude.commands.days import moment_option, require_order
from acude.commands.output import Json, out, print_json, print_table
from acude.commands.progress import counted

if TYPE_CHECKING:
    from acude.payments.audit_anchors import Kept
    from acude.payments.audit_verification import Report
    from acude.payments.hash_chain import AuditRow, HashChain

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""The audit log: every decision, list change, policy that a worker took up, and access.

    Its rows are chained by keyed hashes: none can be changed, dropped, swapped or put in between without breaking the
    chain. That its tail was cut off, or written again by somebody with the key, show the anchors: each hour the DAG
    [bold]auditoria[/bold] puts the chain's end into a bucket from which nobody can delete it.

    Examples:
      acude audit verify
      acude audit anchor
      acude audit show --object t-1
    """,
)

_SHOWN = 100


class Kind(StrEnum):
    """Kinds of rows."""

    DECISION = "decisao"
    LIST = "lista"
    POLICY = "politica"
    ACCESS = "acesso"


def _hash(text: str) -> bytes:
    """A hash as `head` prints it."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:  # noqa: PLR2004 - SHA-256
        raise typer.BadParameter("give the 64 hexadecimal digits that `acude audit head` printed")
    return found


@app.command()
def verify(
    *,
    kept: Annotated[
        bytes | None,
        typer.Option("--head", parser=_hash, metavar="HASH", help="An end of the chain that was kept elsewhere."),
    ] = None,
    chain_only: Annotated[
        bool, typer.Option("--chain-only", help="Leave out whether decisions and lists are as they were chained.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Follow the chain from its first row to its last, and compare anchors, decisions and lists with it.

    Exit code 0: all is sound; 1: something differs, the first such row is named, or the database
    or the anchors' bucket does not answer.

    Examples:
      acude audit verify
      acude audit verify --head 1f0c… --json
    """
    from acude.payments import audit_anchors, audit_log, audit_verification  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    with decisions_database(autocommit=True) as connection, counted() as progress:
        # First: an anchor that is made meanwhile is about a row that the chain has by then.
        anchors = audit_anchors.kept(settings())
        task = progress.add_task("rows", total=audit_log.head(connection).numero)
        report = audit_verification.verify(
            connection,
            kept=kept,
            anchors=anchors.anchors,
            decisions=not chain_only,
            on_progress=lambda done: progress.update(task, completed=done),
        )
        _audit(connection, "acude audit verify", integra=report.broken is None)
    if as_json:
        print_json(_report(report, anchors))
    else:
        _print(report, anchors)
    raise typer.Exit(1 if report.broken else 0)


@app.command()
def anchor(
    *,
    after_restore: Annotated[
        str,
        typer.Option(
            "--restored",
            metavar="REASON",
            help="The database was restored from a backup: later anchors count no more. This stays visible for ever.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Keep the chain's end in the bucket of anchors, once the rows since the last anchor are verified.

    The DAG [bold]auditoria[/bold] does so each hour. Exit code 1: the chain is broken, and was not anchored.

    Examples:
      acude audit anchor
      acude audit anchor --restored "disk lost, backup of 02:15"
    """
    from acude.payments import audit_anchors, lists  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    why = lists.reason(after_restore) if after_restore else ""
    with decisions_database(autocommit=True) as connection:
        if why:
            audit_anchors.restored(connection, settings())
            _audit(connection, "acude audit anchor --restored", motivo=why)
        end = audit_anchors.anchor(connection, settings())
    if as_json:
        print_json(_end(end))
    else:
        out.print(f"[green]✓[/green] row {end.numero} is anchored  {end.hash.hex()}")


@app.command()
def head(*, as_json: Json = False) -> None:
    """Print the chain's end, to keep it in one more place. It is not verified.

    Example:
      acude audit head --json
    """
    from acude.payments import audit_log  # noqa: PLC0415 - --help does without it

    with decisions_database() as connection:
        found = audit_log.head(connection)
    if as_json:
        print_json(_end(found))
    else:
        out.print(f"row {found.numero}  {found.hash.hex()}")


@app.command()
def show(
    *,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only this kind.")] = None,
    object_: Annotated[
        str | None,
        typer.Option("--object", help="Only about this: a payment's id, a list's entry, a policy's version."),
    ] = None,
    who: Annotated[str | None, typer.Option("--who", help="Only by this client or person.")] = None,
    since: Annotated[datetime | None, moment_option("--from", "Only since then (UTC).")] = None,
    until: Annotated[datetime | None, moment_option("--to", "Only before then (UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows, the newest ones.")] = 50,
    as_json: Json = False,
) -> None:
    """Show rows of the audit log, newest first. They are not verified.

    Examples:
      acude audit show --object t-1              the decision, and the accesses
      acude audit show --kind lista --from 2026-11-01
      acude audit show --kind acesso --who analista
    """
    from acude.contracts.documents import as_stored  # noqa: PLC0415 - --help does without it
    from acude.payments.audit_log import Search  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    require_order(since, until)
    object_ = object_ and as_stored(settings(), object_)
    wanted = Search(kind and kind.value, who, object_, since, until)
    with decisions_database() as connection:
        found = wanted.rows(connection, limit)
        _audit(connection, "acude audit show", objeto=object_)
    if as_json:
        print_json([_row(one) for one in found])
        return
    rows = [(str(r.numero), f"{r.em:%Y-%m-%d %H:%M:%S}", r.tipo, r.quem, r.objeto, _cut(r.detalhe)) for r in found]
    columns = ("row", "when (UTC)", "kind", "who", "object", "detail")
    print_table(columns, rows, nothing="No row of the audit log is like that.")


def _audit(connection: Any, command: str, **detail: Any) -> None:  # noqa: ANN401 - psycopg is not imported here
    from acude.payments.audit_log import ACCESS, append, audit_event, cli_user  # noqa: PLC0415

    with connection.transaction():
        append(connection, [audit_event(ACCESS, cli_user(), "trilha", por=command, **detail)])


def _end(chain: "HashChain") -> dict[str, Any]:
    return {"numero": chain.numero, "hash": chain.hash.hex()}


def _report(report: "Report", kept: "Kept") -> dict[str, Any]:
    return {
        "integra": report.broken is None,
        "quebra": report.broken and report.broken._asdict(),
        "cabeca": _end(report.chain),
        "ancoras": {"conferidas": report.anchored, "ultima": report.last_anchor},
        "restauracoes": [{"numero": one.numero, "em": one.em.isoformat()} for one in kept.restored],
        "decisoes": {"iguais": report.compared, "ausentes": report.gone, "fora_da_trilha": report.unchained},
    }


def _print(report: "Report", kept: "Kept") -> None:
    if broken := report.broken:
        where = f"row {broken.numero}" if broken.numero else "the audit log"
        out.print(f"[red]✗[/red] {where} {escape(broken.objeto)}".rstrip() + f": {escape(broken.problema)}")
        out.print(f"the chain itself is sound up to row {report.chain.numero}  {report.chain.hash.hex()}")
    else:
        sound = f"{report.chain.numero:,} rows, sound; {report.compared:,} decisions as they were made"
        out.print(f"[green]✓[/green] {sound}")
        out.print(f"head {report.chain.hash.hex()}")
    out.print(f"{report.anchored:,} anchors passed, the last at row {report.last_anchor:,}")
    if report.gone:
        out.print(f"[red]{report.gone:,} decisions are chained and no longer stored[/red]")
    if report.unchained:
        out.print(f"[red]{report.unchained:,} decisions are stored and not chained[/red]")
    for one in kept.restored:
        out.print(f"[yellow]restored on {one.em:%Y-%m-%d %H:%M} UTC, from row {one.numero:,} on[/yellow]")


def _row(row: "AuditRow") -> dict[str, Any]:
    import orjson  # noqa: PLC0415

    plain = row._asdict() | {"em": row.em.isoformat(), "hash": row.hash.hex()}
    return plain | {"detalhe": orjson.loads(row.detalhe)}


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

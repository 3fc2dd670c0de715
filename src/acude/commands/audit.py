"""``acude audit``."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acude.commands.database import decisions_database
from acude.commands.days import moment_option, require_order
from acude.commands.output import Json, out, print_json, print_table
from acude.commands.progress import counted

if TYPE_CHECKING:
    from acude.payments.audit_verification import Report
    from acude.payments.hash_chain import AuditRow, HashChain

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""The audit log: every decision, list change, policy that a worker took up, and access.

    Its rows are chained by hashes: none can be changed, dropped, swapped or put in between without breaking the chain.
    The chain alone can't show that its tail was cut off, or was written again by a superuser of the database. So keep
    its end elsewhere from time to time, and verify against that.

    Examples:
      acude audit head --json >> /somewhere/else
      acude audit verify --head 1f0c…
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
    """Follow the chain from its first row to its last, and compare decisions and lists with it.

    Exit code 0: all is sound; 1: something was changed, the first such row is named, or the
    database does not answer.

    Examples:
      acude audit verify
      acude audit verify --head 1f0c… --json
    """
    from acude.payments import audit_log, audit_verification  # noqa: PLC0415 - --help does without it

    with decisions_database(autocommit=True) as connection, counted() as progress:
        task = progress.add_task("rows", total=audit_log.head(connection).numero)
        report = audit_verification.verify(
            connection,
            kept=kept,
            decisions=not chain_only,
            on_progress=lambda done: progress.update(task, completed=done),
        )
        _audit(connection, "acude audit verify", integra=report.broken is None)
    if as_json:
        print_json(_report(report))
    else:
        _print(report)
    raise typer.Exit(1 if report.broken else 0)


@app.command()
def head(*, as_json: Json = False) -> None:
    """Print the chain's end. Keep it where no user of the database can write. It is not verified.

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
    from acude.payments.audit_log import Search  # noqa: PLC0415 - --help does without it

    require_order(since, until)
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


def _report(report: "Report") -> dict[str, Any]:
    return {
        "integra": report.broken is None,
        "quebra": report.broken and report.broken._asdict(),
        "cabeca": _end(report.chain),
        "decisoes": {"iguais": report.compared, "ausentes": report.gone, "fora_da_trilha": report.unchained},
    }


def _print(report: "Report") -> None:
    if broken := report.broken:
        where = f"row {broken.numero}" if broken.numero else "the audit log"
        out.print(f"[red]✗[/red] {where} {broken.objeto}".rstrip() + f": {broken.problema}")
        out.print(f"sound up to row {report.chain.numero}  {report.chain.hash.hex()}")
        return
    out.print(f"[green]✓[/green] {report.chain.numero:,} rows, sound; {report.compared:,} decisions as they were made")
    if report.gone:
        out.print(f"[yellow]{report.gone:,} decisions are chained and no longer stored[/yellow]")
    if report.unchained:
        out.print(f"[yellow]{report.unchained:,} decisions are stored and not chained[/yellow]")
    out.print(f"head {report.chain.hash.hex()}")
    out.print(
        "Keep it elsewhere: a tail that is cut off is seen with `acude audit verify --head HASH` only.", style="dim"
    )


def _row(row: "AuditRow") -> dict[str, Any]:
    import orjson  # noqa: PLC0415

    plain = row._asdict() | {"em": row.em.isoformat(), "hash": row.hash.hex()}
    return plain | {"detalhe": orjson.loads(row.detalhe)}


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

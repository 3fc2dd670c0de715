"""``acude risk lists``."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from acude.commands.database import decisions_database
from acude.commands.days import moment_option
from acude.commands.output import Json, out, print_json, print_table
from acude.errors import NothingFoundError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Block and allow list: they refuse or clear payments, whatever the rules say.

    A list is [bold]bloqueio[/bold] or [bold]permissao[/bold], a kind documento, id_pagador, id_recebedor,
    id_dispositivo, id_terminal, token_cartao, ip, chave_pix or id_carteira.

    The workers take a change within seconds; each one is in the audit log ([bold]acude audit show --kind lista[/bold]).

    Examples:
      acude risk lists add bloqueio id_recebedor r9 --owner ana --reason "mule account" --until 2027-01-31
      acude risk lists add bloqueio ip 203.0.113.0/24 --owner ana --reason "botnet" --until 2026-12-31
      acude risk lists show
      acude risk lists remove bloqueio id_recebedor r9 --reason "cleared by the bank"
    """,
)

List = Annotated[str, typer.Argument(help="bloqueio or permissao.", show_default=False)]
Kind = Annotated[str, typer.Argument(help="What the entry is about, for example id_pagador.", show_default=False)]
Value = Annotated[
    str,
    typer.Argument(
        help="Its value. A CPF, CNPJ or Pix key becomes its keyed token before it is stored; - reads the value from "
        "standard input, so that it stays out of the shell's history.",
        show_default=False,
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for people; without documents or card numbers.")]


@app.command()
def show(
    *,
    lista: Annotated[str | None, typer.Option("--list", help="Only this: bloqueio or permissao.")] = None,
    tipo: Annotated[str | None, typer.Option("--kind", help="Only this kind, for example ip.")] = None,
    expired: Annotated[bool, typer.Option("--expired", help="Also entries that count for nothing any more.")] = False,
    as_json: Json = False,
) -> None:
    """Show the entries, and when each ends.

    Examples:
      acude risk lists show --list bloqueio
      acude risk lists show --kind ip --json
    """
    from acude.payments.audit_log import ACCESS, append, audit_event, cli_user  # noqa: PLC0415
    from acude.payments.lists import entries, require_known  # noqa: PLC0415 - --help does without it

    require_known(lista, tipo)
    with decisions_database() as connection:
        found = entries(connection)
        append(connection, [audit_event(ACCESS, cli_user(), "listas", por="acude risk lists show")])
    now = datetime.now(UTC)
    shown = [
        one
        for one in found
        if lista in (None, one.lista) and tipo in (None, one.tipo) and (expired or one.expira_em > now)
    ]
    if as_json:
        print_json([_plain(asdict(one)) for one in shown])
        return
    rows = [(one.lista, one.tipo, one.valor, f"{one.expira_em:%Y-%m-%d %H:%M}", one.dono, one.motivo) for one in shown]
    print_table(("list", "kind", "value", "until (UTC)", "owner", "reason"), rows, nothing="No entry is like that.")


@app.command()
def add(
    lista: List,
    tipo: Kind,
    valor: Value,
    *,
    owner: Annotated[str, typer.Option("--owner", help="Who is responsible for the entry.")],
    reason: Reason,
    until: Annotated[datetime, moment_option("--until", "From then on (UTC) it counts no more.")],
    as_json: Json = False,
) -> None:
    """Put an entry on a list; one for the same value is replaced. Exit code 2 where the entry is invalid.

    Examples:
      acude risk lists add bloqueio id_pagador u17 --owner ana --reason "account taken over" --until 2026-12-31
      read -rs CPF; echo $CPF | acude risk lists add permissao documento - --owner ana --reason staff --until 2027-06-30
    """
    from acude.contracts.documents import tokens_of  # noqa: PLC0415 - --help does without it
    from acude.payments.audit_log import cli_user  # noqa: PLC0415
    from acude.payments.lists import checked, put  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    entry = checked(
        lista,
        tipo,
        _given(valor),
        owner,
        reason,
        until=until,
        now=datetime.now(UTC),
        tokens=tokens_of(settings()),
    )
    with decisions_database() as connection:
        before = put(connection, entry, cli_user())
    if as_json:
        print_json({"entrada": _plain(asdict(entry)), "antes": _plain(asdict(before)) if before else None})
        return
    replaced = f", in the place of {escape(before.dono)}'s" if before else ""
    out.print(
        f"[green]✓[/green] {lista}: {tipo} {escape(entry.valor)} until {entry.expira_em:%Y-%m-%d %H:%M} UTC{replaced}"
    )


@app.command()
def remove(lista: List, tipo: Kind, valor: Value, *, reason: Reason, as_json: Json = False) -> None:
    """Take an entry off a list. Exit code 3 where there is none, 2 where there can't be one.

    Example:
      acude risk lists remove bloqueio id_pagador u17 --reason "it was the customer after all"
    """
    from acude.contracts.documents import tokens_of  # noqa: PLC0415 - --help does without it
    from acude.payments import lists  # noqa: PLC0415
    from acude.payments.audit_log import cli_user  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    lists.require_known(lista, tipo)
    stored = lists.stored_value(tipo, _given(valor), tokens_of(settings()))
    why = lists.reason(reason)
    with decisions_database() as connection:
        before = lists.remove(connection, lista, tipo, stored, why=why, who=cli_user())
    if not before:
        raise NothingFoundError(
            f"{lista} has no {tipo} {stored}.", "`acude risk lists show --expired` shows all entries."
        )
    if as_json:
        print_json({"removida": _plain(asdict(before))})
        return
    out.print(f"[green]✓[/green] {lista}: {tipo} {escape(stored)} is off the list")


def _given(value: str) -> str:
    return sys.stdin.readline().strip() if value == "-" else value


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in entry.items()}

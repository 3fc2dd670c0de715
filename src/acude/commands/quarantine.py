"""``acude quarantine``."""

from datetime import date
from typing import Annotated, Any

import typer

from acude.commands.days import day_option
from acude.commands.output import Json, err, out, print_json, print_table
from acude.commands.progress import counted
from acude.commands.records import (
    Again,
    Every,
    OnlyPlace,
    Place,
    Topic,
    again_or_not,
    content,
    explained,
    filter_of,
    print_record,
    print_sending,
    print_sent,
    require_choice,
    require_known,
)
from acude.errors import NothingFoundError
from acude.ingestion import quarantine
from acude.ingestion.quarantine import Refused
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Look at refused records and send them again.

    A record that fits no contract waits in [bold]silver.quarentena[/bold] with its bytes and the reason. When its
    contract is right, or the record was only refused by mistake, send it to its topic again; the stream then
    takes it like any other.

    Examples:
      acude quarantine list
      acude quarantine list --motivo campo_desconhecido --from 2026-11-01
      acude quarantine show eventos_clientes/3/128
      acude quarantine replay --motivo campo_desconhecido
    """,
)

Motivo = Annotated[str | None, typer.Option("--motivo", help="Only this reason, for example json_invalido.")]
First = Annotated[date | None, day_option("--from", "Taken by the broker on this day (UTC) or later.")]
Last = Annotated[date | None, day_option("--to", "Taken by the broker on this day (UTC) or earlier.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most this number, the newest ones.")]


@app.command("list")
def list_(
    *,
    motivo: Motivo = None,
    topico: Topic = None,
    first: First = None,
    last: Last = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List refused records, newest first, without their content, which may be personal data.

    Below the list: how many there are in all, by topic and reason.

    Examples:
      acude quarantine list
      acude quarantine list --motivo tipo_errado --topico eventos_clientes --limit 10
    """
    with explained():
        which = filter_of(motivo, topico, first, last)
        with err.status("asking Athena"):
            records = quarantine.found(which, limit)
            counts = quarantine.counted(which)
            sent = quarantine.already_sent(record.at for record in records)
    if not records:
        require_known(topico)
    if as_json:
        totals = [{"topico": topic, "motivo": reason, "registros": number} for topic, reason, number in counts]
        print_json({"registros": [_plain(record, sent) for record in records], "totais": totals})
        return
    rows = [
        [str(r.at), f"{r.carimbo_kafka:%Y-%m-%d %H:%M:%S}", r.motivo, r.detalhe[:80], again_or_not(r.at, sent)]
        for r in records
    ]
    columns = ("record", "taken (UTC)", "motivo", "detalhe", "sent again")
    print_table(columns, rows, nothing="No refused record is like that.")
    if counts:
        out.print()
        print_table(("topic", "motivo", "records"), [(topic, reason, str(number)) for topic, reason, number in counts])


@app.command()
def show(
    record: Place,
    *,
    as_json: Json = False,
) -> None:
    """Show one refused record with its key, headers and payload.

    The payload may hold personal data. What is no printable text is escaped and the rest cut; [bold]--json[/bold]
    has all bytes in base64. Exit code 3 where there is no such record.

    Example:
      acude quarantine show eventos_clientes/3/128 --json
    """
    with explained():
        at = Coordinate.parse(record)
        with err.status("asking Athena"):
            records = quarantine.found(RecordFilter(at=at), 1, content=True)
            sent = quarantine.already_sent([at])
    if not records:
        raise NothingFoundError(
            f"silver.quarentena has no record {at}.",
            "`acude quarantine list` shows which there are; a new one takes a few seconds to be there.",
        )
    refused = records[0]
    if as_json:
        print_json(_plain(refused, sent) | content(refused.chave, refused.valor, refused.cabecalhos))
        return
    lines = [
        ("record", str(at)),
        ("taken (UTC)", f"{refused.carimbo_kafka:%Y-%m-%d %H:%M:%S.%f}"),
        ("motivo", refused.motivo),
        ("detalhe", refused.detalhe),
        ("sent again", again_or_not(at, sent)),
    ]
    print_record(lines, refused.chave, refused.valor, refused.cabecalhos)


@app.command()
def replay(
    *,
    motivo: Motivo = None,
    topico: Topic = None,
    first: First = None,
    last: Last = None,
    record: OnlyPlace = None,
    every: Every = False,
    limit: Limit = 1_000,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Send refused records to their topics again: the same key, bytes and headers.

    It takes a filter, or [bold]--all[/bold]; how many records it sends is said first. A header
    [bold]acude-reenvio-de[/bold] names the record that was refused first: an event counts once, with an id or without,
    however often it is sent again. What was sent before is left out unless [bold]--again[/bold] is given.
    Restart the streams first where a contract changed: they read it when they start. What still doesn't fit comes back
    to quarantine under its new place. What can't be sent is named with the reason, and the others go: exit code 1.

    Examples:
      acude quarantine replay --motivo campo_desconhecido --from 2026-11-20
      acude quarantine replay --record eventos_clientes/3/128 --again
    """
    require_choice("quarantine", every, motivo, topico, first, last, record)
    with explained():
        which = filter_of(motivo, topico, first, last, Coordinate.parse(record) if record else None)
        with err.status("asking Athena"):
            records = quarantine.found(which, limit, content=True)
            before = set() if again else quarantine.already_sent(one.at for one in records)
            more = sum(number for *_, number in quarantine.counted(which)) - len(records)
        if not records:
            require_known(topico)
        # In the order of their arrival, which decides what counts as a repeat.
        waiting = [one for one in reversed(records) if one.at not in before]
        print_sending(waiting, before)
        if more > 0:
            err.print(f"{more} older ones fit too: --limit takes the newest {limit}.")
        with counted() as progress:
            sending = quarantine.send_again(waiting) if waiting else ()
            answers = list(progress.track(sending, total=len(waiting), description="sending"))
    print_sent(answers, before, as_json=as_json)


def _plain(record: Refused, sent: set[Coordinate]) -> dict[str, Any]:
    return {
        **record.at.columns,
        "carimbo_kafka": record.carimbo_kafka.isoformat(),
        "motivo": record.motivo,
        "detalhe": record.detalhe,
        "reenviado": record.at in sent,
    }

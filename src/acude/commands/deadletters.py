"""``acude deadletters``."""

from datetime import date
from typing import Annotated, Any

import typer

from acude.commands.days import day_option
from acude.commands.output import Json, print_json, print_table
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
from acude.contracts.model import table
from acude.errors import NothingFoundError
from acude.ingestion import quarantine
from acude.ingestion.quarantine import Answer, Refused
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate
from acude.payments import deadletters
from acude.payments.deadletters import Letter, takes
from acude.settings import settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Look at records that could not be processed, and send them again.

    An alert that the webhook did not take, a payment without a decision, or a record that a consumer could not read
    waits on topic [bold]cartas_mortas[/bold] with its bytes, the reason and the number of tries. When the cause is
    gone, send it to its topic again.

    Examples:
      acude deadletters list
      acude deadletters show alertas/1/17
      acude deadletters replay --motivo webhook_sem_resposta
    """,
)

_EXAMPLE = "alertas/1/17"
_NO_BYTES = "the letter has no bytes of it: it was too large to be kept"

Motivo = Annotated[str | None, typer.Option("--motivo", help="Only this reason, for example webhook_sem_resposta.")]
First = Annotated[date | None, day_option("--from", "Given up on this day (UTC) or later.")]
Last = Annotated[date | None, day_option("--to", "Given up on this day (UTC) or earlier.")]


@app.command("list")
def list_(
    *, motivo: Motivo = None, topico: Topic = None, first: First = None, last: Last = None, as_json: Json = False
) -> None:
    """List dead letters, newest first, without their content, which may be personal data.

    Example:
      acude deadletters list --topico alertas --from 2026-11-01
    """
    with explained():
        found = _letters(filter_of(motivo, topico, first, last))
        sent = _sent(found)
    if as_json:
        print_json([_plain(letter, sent) for letter in found])
        return
    rows = [
        [
            str(one.at),
            f"{one.given_up:%Y-%m-%d %H:%M:%S}",
            one.reason,
            one.detail,
            str(one.attempts),
            again_or_not(one.at, sent),
        ]
        for one in found
    ]
    columns = ("record", "given up (UTC)", "motivo", "detalhe", "tries", "sent again")
    print_table(columns, rows, nothing="There is no dead letter like that.")


@app.command()
def show(
    record: Place,
    *,
    as_json: Json = False,
) -> None:
    """Show one dead letter with its key, headers and payload, which may hold personal data.

    What is no printable text is escaped and the rest cut; [bold]--json[/bold] has all bytes in base64. Exit code 3
    where there is no such letter.
    """
    with explained():
        at = Coordinate.parse(record, _EXAMPLE)
        found = _letters(RecordFilter(at=at))
        sent = _sent(found)
    if not found:
        raise NothingFoundError(f"There is no dead letter {at}.", "`acude deadletters list` shows which there are.")
    letter = found[0]
    if as_json:
        print_json(_plain(letter, sent) | content(letter.key, letter.value, letter.headers))
        return
    lines = [
        ("record", str(at)),
        ("given up (UTC)", f"{letter.given_up:%Y-%m-%d %H:%M:%S.%f}"),
        ("motivo", letter.reason),
        ("detalhe", letter.detail),
        ("tries", str(letter.attempts)),
        ("trace", letter.trace),
        ("sent again", again_or_not(at, sent)),
    ]
    print_record(lines, letter.key, letter.value, letter.headers)


@app.command()
def replay(
    *,
    motivo: Motivo = None,
    topico: Topic = None,
    first: First = None,
    last: Last = None,
    record: OnlyPlace = None,
    every: Every = False,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Send dead letters to their topics again: the same key, bytes and headers.

    It takes a filter, or [bold]--all[/bold]; how many records it sends is said first. A header
    [bold]acude-reenvio-de[/bold] names the record that was given up first. The webhook sees the same
    webhook-id, the lake counts a repeat. What was sent again before is left out unless [bold]--again[/bold] is given.
    What can't be sent is named with the reason, and the others go: exit code 1. Such is a record that was too large to
    be kept, of which bronze has the bytes, and a letter that names no topic of the contracts.

    Examples:
      acude deadletters replay --motivo webhook_sem_resposta --from 2026-11-20
      acude deadletters replay --record alertas/1/17 --again
    """
    require_choice("deadletters", every, motivo, topico, first, last, record)
    with explained():
        at = Coordinate.parse(record, _EXAMPLE) if record else None
        found = _letters(filter_of(motivo, topico, first, last, at))
        before = set() if again else _sent(found)
        # In the order in which they were given up.
        waiting = [_refused(one) for one in reversed(found) if one.at not in before]
        kept = [one for one in waiting if one.valor is not None]
        print_sending(kept, before)
        answers = [Answer(one, _NO_BYTES) for one in waiting if one.valor is None]
        answers += quarantine.send_again(kept) if kept else ()
    print_sent(answers, before, as_json=as_json)


def _letters(which: RecordFilter) -> list[Letter]:
    which.require_reason(table(f"topics.{deadletters.TOPIC}").column("motivo").values)
    found = [letter for letter in deadletters.letters(settings()) if takes(which, letter)]
    if not found:
        require_known(which.topic)
    return found


def _sent(found: list[Letter]) -> set[Coordinate]:
    return quarantine.already_sent(one.at for one in found)


def _refused(letter: Letter) -> Refused:
    return Refused(
        letter.at, letter.given_up, letter.reason, letter.detail, letter.key, letter.value, tuple(letter.headers)
    )


def _plain(letter: Letter, sent: set[Coordinate]) -> dict[str, Any]:
    return {
        **letter.at.columns,
        "motivo": letter.reason,
        "detalhe": letter.detail,
        "tentativas": letter.attempts,
        "desistida_em": letter.given_up.isoformat(),
        "id_rastro": letter.trace,
        "reenviado": letter.at in sent,
    }

"""What the commands for records that were set aside share: options, filters, what is shown, what can go wrong."""

import base64
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import typer
from rich.text import Text

from acude.commands.days import require_order
from acude.commands.output import err, out, print_json, print_table, styled
from acude.errors import FAILED, AcudeError, WrongUseError
from acude.ingestion.quarantine import Answer, topic_names
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate
from acude.printable import printable

_SHOWN = 2_000

Headers = Sequence[tuple[str, bytes]]

Topic = Annotated[str | None, typer.Option("--topico", help="Only records of this topic, for example alertas.")]
Place = Annotated[str, typer.Argument(help="Its place in Kafka: topic/partition/offset.")]
OnlyPlace = Annotated[str | None, typer.Option("--record", help="Only this: topic/partition/offset.")]
Every = Annotated[bool, typer.Option("--all", help="Every record, where no filter is given.")]
Again = Annotated[bool, typer.Option("--again", help="Also what was sent again before.")]


def filter_of(
    reason: str | None, topic: str | None, first: date | None, last: date | None, at: Coordinate | None = None
) -> RecordFilter:
    """The filter that a command's options make.

    Raises:
        BadParameter: the last day lies before the first.
    """
    require_order(first, last)
    return RecordFilter(reason, topic, first, last, at)


def require_choice(command: str, *given: object) -> None:
    """Refuses to send everything again unless a filter or `--all` is given.

    Args:
        command: whose `list` takes the same filters.
        given: the options' values; an option that was not given is false or None.
    """
    if not any(given):
        raise WrongUseError(
            "Expected a filter (--motivo, --topico, --from, --to or --record) or --all, found none.",
            f"`acude {command} list` shows with the same filters what would be sent.",
        )


def print_sending(waiting: Collection[object], before: Collection[Coordinate]) -> None:
    """Says how many records are sent again, before the first is."""
    err.print(f"Sending {len(waiting)} records again; {len(before)} were sent before.")


def print_sent(answers: Sequence[Answer], before: Collection[Coordinate], *, as_json: bool) -> None:
    """Says which records were sent again, which were left out, and which could not be sent.

    Raises:
        Exit: with code 1 where one could not be sent.
    """
    sent = [str(one.record.at) for one in answers if not one.stayed]
    stayed = [(str(one.record.at), one.stayed) for one in answers if one.stayed]
    if as_json:
        listed = [{"registro": at, "por_que": why} for at, why in stayed]
        print_json({"enviados": sent, "ja_enviados": sorted(map(str, before)), "ficaram": listed})
    else:
        out.print(f"{len(sent)} sent again, {len(before)} left out because they were sent before")
        if stayed:
            print_table((f"{len(stayed)} can't be sent", "why"), stayed)
    if stayed:
        raise typer.Exit(FAILED)


def escaped(data: bytes | None) -> str:
    r"""Bytes as text that a terminal shows safely: control characters and broken UTF-8 escaped, the end cut.

    >>> escaped(b'{"a": "\x1b[2J\xff"}')
    '{"a": "\\x1b[2J\\xff"}'
    """
    if data is None:
        return "(no bytes)"
    safe = printable(data[:_SHOWN].decode("utf-8", errors="backslashreplace"))
    return safe if len(data) <= _SHOWN else f"{safe}… ({len(data)} bytes in all)"


def print_record(lines: Sequence[tuple[str, str]], key: bytes | None, value: bytes | None, headers: Headers) -> None:
    """Prints what is known of a record, a line each, then its key, headers and payload."""
    bytes_ = [("key", key), *((f"header {name}", header) for name, header in headers), ("payload", value)]
    for name, text in [*lines, *((name, escaped(data)) for name, data in bytes_)]:
        out.print(Text.assemble(styled(f"{name:<14}", "bold"), f" {printable(text)}"))


def content(key: bytes | None, value: bytes | None, headers: Headers) -> dict[str, Any]:
    """A record's bytes for JSON, in base64."""
    shown = [{"chave": name, "valor_base64": _base64(header)} for name, header in headers]
    return {"chave_base64": _base64(key), "valor_base64": _base64(value), "cabecalhos": shown}


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def again_or_not(at: Coordinate, sent: Collection[Coordinate]) -> str:
    """Whether a record was sent again, for a table."""
    return "yes" if at in sent else "no"


def require_known(topico: str | None) -> None:
    """Refuses a topic of which nothing was found and that no contract names."""
    known = topic_names()
    if topico and topico not in known:
        raise WrongUseError(f"There is no topic {topico!r}.", f"Topics are {', '.join(known)}.")


@contextmanager
def explained() -> Iterator[None]:
    """Says in sentences what went wrong outside this command."""
    from kafka.errors import KafkaError  # noqa: PLC0415 - takes a moment, which --help does without

    try:
        yield
    except ValueError as wrong:
        sentence = str(wrong)
        raise WrongUseError(f"{sentence[:1].upper()}{sentence[1:]}.") from None
    except KafkaError as problem:
        raise AcudeError(
            f"The broker answers no more: {type(problem).__name__}: {problem}",
            "What was sent is remembered: run the same command again for the rest.",
        ) from None

"""What the commands for records that were set aside share: bytes and headers shown, and what can go wrong."""

import base64
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from acude.commands.output import out
from acude.contracts.model import topics
from acude.errors import AcudeError, WrongUseError
from acude.kafka.records import Coordinate

_SHOWN = 2_000

Headers = Sequence[tuple[str, bytes]]


def escaped(data: bytes | None) -> str:
    r"""Bytes as text that a terminal shows safely: control characters and broken UTF-8 escaped, the end cut.

    >>> escaped(b'{"a": "\x1b[2J\xff"}')
    '{"a": "\\x1b[2J\\xff"}'
    """
    if data is None:
        return "(no bytes)"
    text = data[:_SHOWN].decode("utf-8", errors="backslashreplace")
    safe = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return safe if len(data) <= _SHOWN else f"{safe}… ({len(data)} bytes in all)"


def print_record(lines: Sequence[tuple[str, str]], key: bytes | None, value: bytes | None, headers: Headers) -> None:
    """Prints what is known of a record, a line each, then its key, headers and payload."""
    bytes_ = [("key", key), *((f"header {name}", header) for name, header in headers), ("payload", value)]
    for name, text in [*lines, *((name, escaped(data)) for name, data in bytes_)]:
        out.print(f"[bold]{name:<14}[/bold] ", end="")
        out.print(text, markup=False)


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
    known = sorted(name for topic in topics() for name in topic.kafka_topics)
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
            f"The broker refused a record: {type(problem).__name__}: {problem}",
            "What was sent is remembered: run the same command again for the rest.",
        ) from None

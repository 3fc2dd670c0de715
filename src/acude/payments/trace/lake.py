"""What the lake has of one payment, through Athena."""

import socket
from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from acude.athena.client import run_query
from acude.contracts.model import table
from acude.kafka.records import Coordinate
from acude.payments import deadletters
from acude.payments.serde import ALERTS, DECISIONS, TOPIC
from acude.payments.trace.event import TraceEvent, utc
from acude.risk.first_decision import ORDER
from acude.settings import Settings

_PATIENCE_S: Final = 2.0
_SHOWN_OTHERWISE: Final = {"ingerido_em", "topico", "particao", "deslocamento"}


def require_answer(config: Settings) -> None:
    """Checks that a local endpoint listens: AWS's client would try for half a minute.

    Raises:
        OSError: it does not.
    """
    if config.athena_endpoint:
        parts = urlsplit(config.athena_endpoint)
        socket.create_connection((parts.hostname or "", parts.port or 443), _PATIENCE_S).close()


def ids_of(config: Settings, wanted: str) -> tuple[str, str] | None:
    """Payment and trace of a decision with this payment id or trace id.

    Args:
        config: where Athena is.
        wanted: letters, digits and `_.:@+-`.
    """
    rows = run_query(
        f"SELECT id_transacao, id_rastro FROM silver.{DECISIONS} "  # noqa: S608 - the caller has checked it
        f"WHERE id_transacao = '{wanted}' OR id_rastro = '{wanted}' ORDER BY {', '.join(ORDER)} LIMIT 1",
        config=config,
    ).rows
    return (str(rows[0][0]), str(rows[0][1])) if rows else None


def events(
    config: Settings, id_transacao: str | None, id_rastro: str | None
) -> Iterator[tuple[TraceEvent, Coordinate]]:
    """The payment's rows in silver, and each one's bytes in bronze."""
    tables = [(name, "id_transacao", id_transacao) for name in (TOPIC, DECISIONS, ALERTS)]
    for topic, column, value in [*tables, (deadletters.TOPIC, "id_rastro", id_rastro)]:
        for place, row in _silver(config, topic, column, value) if value else ():
            yield _event(f"row of silver.{topic}", place, row), place
            if landed := _bronze(config, place, row["carimbo_kafka"]):
                yield _event("bytes in bronze.eventos", place, landed), place


def _silver(config: Settings, topic: str, column: str, value: str) -> Iterator[tuple[Coordinate, dict[str, Any]]]:
    names = ("topico", "particao", "deslocamento", "carimbo_kafka", "data", "atrasado", "ingerido_em")
    several = table(f"silver.{topic}").split_by
    named = f"coalesce(topico, '{topic}')" if several else f"'{topic}'"
    rows = run_query(
        f"SELECT {named} AS {', '.join(names)} FROM silver.{topic} WHERE {column} = '{value}'",  # noqa: S608 - the same
        config=config,
    ).rows
    for row in rows:
        fields = dict(zip(names, row, strict=True))
        yield Coordinate(fields["topico"], fields["particao"], fields["deslocamento"]), fields


def _bronze(config: Settings, place: Coordinate, taken: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a datetime
    names = ("data", "carimbo_kafka", "ingerido_em")
    rows = run_query(
        f"SELECT {', '.join(names)}, length(valor), cardinality(cabecalhos) FROM bronze.eventos "  # noqa: S608 - a contract's name and numbers
        f"WHERE data = DATE '{utc(taken):%Y-%m-%d}' AND topico = '{place.topic}' "
        f"AND particao = {place.partition} AND deslocamento = {place.offset}",
        config=config,
    ).rows
    return dict(zip((*names, "bytes", "cabecalhos"), rows[0], strict=True)) if rows else None


def _event(what: str, place: Coordinate, fields: dict[str, Any]) -> TraceEvent:
    shown = {name: value for name, value in fields.items() if name not in _SHOWN_OTHERWISE}
    plain = {name: str(value) if isinstance(value, date) else value for name, value in shown.items()}
    return TraceEvent(utc(fields["ingerido_em"]), "athena", what, {"registro": str(place)} | plain)

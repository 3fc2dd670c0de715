"""Takes the warehouses' stock updates to Kafka: `python -m acude.stock.poller`.

It asks each warehouse for what lies behind its cursor, sends that to `atualizacoes_estoque`, waits for the broker's
acknowledgement, and only then stores the new cursor, on S3 under `_controle/poller/<warehouse>.json`. So no update is
missed, whatever dies. One may be sent twice; it is then a duplicate, because `id_evento` is the warehouse's own id.
"""

import json
import logging
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError
from kafka.producer.future import FutureRecordMetadata

from acude import aws
from acude.errors import AcudeError
from acude.kafka.producer import close, connect
from acude.lake import conditional
from acude.settings import Settings, settings
from acude.stock.warehouses import StockWarehouseError, Warehouses

TOPIC = "atualizacoes_estoque"
PREFIX = "_controle/poller/"

_FIELDS = ("id_produto", "nivel_estoque", "ponto_reposicao", "timestamp")
_HEADERS = [("origem", b"poller"), ("versao", b"1")]
_MOST_NAMED = 64
_ACKNOWLEDGED_WITHIN_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """One round.

    Attributes:
        sent: how many updates.
        failed: which warehouses could not be finished, and why.
        left_out: how many updates Kafka cannot hold; the log names each.
    """

    sent: int
    failed: dict[str, str]
    left_out: int = 0


class Cursors:
    """How far each warehouse was read, one small object per warehouse in the lake's bucket."""

    def __init__(self, config: Settings) -> None:
        self._config = config

    def read(self, armazem: str) -> str | None:
        """The cursor behind the last acknowledged update; None where there is none yet."""
        found = conditional.read(self._key(armazem), self._config)
        return str(json.loads(found[0])["cursor"]) if found else None

    def keep(self, armazem: str, cursor: str) -> None:
        """Remember that everything before the cursor is acknowledged."""
        body = json.dumps({"cursor": cursor, "atualizado_em": datetime.now(UTC).isoformat()})
        aws.s3(self._config).put_object(
            Bucket=self._config.lake_bucket,
            Key=self._key(armazem),
            Body=body.encode(),
            ContentType="application/json",
        )

    def _key(self, armazem: str) -> str:
        return f"{PREFIX}{armazem}.json"


def message(armazem: str, update: Any) -> bytes:  # noqa: ANN401 - whatever the warehouse sent
    """The event of an update: the contract's fields as the warehouse gave them, absent ones left out.

    Escaped, so that a text which is no Unicode reaches quarantine, too.
    """
    given = _fields(update)
    fields = {name: given[name] for name in _FIELDS if name in given}
    event = {"id_armazem": armazem, **fields} | ({"id_evento": given["id"]} if "id" in given else {})
    return json.dumps(event, separators=(",", ":")).encode()


def _fields(update: Any) -> dict[str, Any]:  # noqa: ANN401 - the same
    return update if isinstance(update, dict) else {}


def _name(update: Any, field: str) -> str:  # noqa: ANN401 - the same
    """A text of an update, as long as the contract allows it."""
    found = _fields(update).get(field)
    return found[:_MOST_NAMED] if isinstance(found, str) else ""


class Poller:
    """Carries updates from the warehouses to Kafka, at least once each."""

    def __init__(self, config: Settings, topic: str = TOPIC) -> None:
        self._config = config
        self._warehouses = Warehouses(config.warehouses_url)
        self._cursors = Cursors(config)
        self._topic = topic
        self._producer: KafkaProducer | None = None

    def round(self, stop: threading.Event | None = None) -> Outcome:
        """Read every warehouse up to its newest update; one that fails holds up no other."""
        sent = left_out = 0
        failed: dict[str, str] = {}
        try:
            names = self._warehouses.ids()
            self._producer = self._producer or connect(self._config, "acude-poller")
        except (StockWarehouseError, AcudeError) as problem:
            return Outcome(0, {"*": str(problem)})
        for armazem in names:
            try:
                for taken, refused in self._follow(armazem, self._producer):
                    sent += taken
                    left_out += refused
                    if stop and stop.is_set():
                        return Outcome(sent, failed, left_out)
            # The last is a warehouse's id that no key of S3 can be.
            except (StockWarehouseError, BotoCoreError, ClientError, UnicodeEncodeError) as problem:
                failed[armazem] = f"{type(problem).__name__}: {problem}"
            except KafkaError as problem:
                # What this producer still holds must not arrive after the next round's repeats.
                self._drop_producer()
                return Outcome(sent, failed | {armazem: f"{type(problem).__name__}: {problem}"}, left_out)
        return Outcome(sent, failed, left_out)

    def close(self) -> None:
        """Close all connections."""
        self._drop_producer()
        self._warehouses.close()

    def _drop_producer(self) -> None:
        if self._producer:
            close(self._producer, 5)
        self._producer = None

    def _follow(self, armazem: str, producer: KafkaProducer) -> Iterator[tuple[int, int]]:
        """Send page after page until none is left; yields each one's sent and left out once its cursor is kept."""
        cursor = self._cursors.read(armazem)
        more = True
        while more:
            page = self._warehouses.page(armazem, cursor)
            sent = self._send(armazem, page.atualizacoes, producer)
            if page.proximo_cursor != cursor:
                self._cursors.keep(armazem, page.proximo_cursor)
            more = page.mais and bool(page.atualizacoes)
            cursor = page.proximo_cursor
            yield sent, len(page.atualizacoes) - sent

    def _send(self, armazem: str, updates: list[Any], producer: KafkaProducer) -> int:
        """Send, and wait until the broker has acknowledged every one that Kafka can hold; how many these are."""
        sent = [answer for update in updates if (answer := self._begin(armazem, update, producer))]
        for answer in sent:
            answer.get(timeout=_ACKNOWLEDGED_WITHIN_S)
        return len(sent)

    def _begin(self, armazem: str, update: Any, producer: KafkaProducer) -> FutureRecordMetadata | None:  # noqa: ANN401 - as above
        # A product's updates stay in order.
        key = f"{armazem}/{_name(update, 'id_produto')}".encode(errors="backslashreplace")
        try:
            return producer.send(self._topic, message(armazem, update), key, headers=_HEADERS)
        except (MessageSizeTooLargeError, RecursionError) as problem:
            why = type(problem).__name__
            log.warning("stock warehouse %s: update %a is left out: %s", armazem, _name(update, "id"), why)
            return None


def run(poller: Poller, stop: threading.Event, every_s: float = 2.0) -> None:
    """Poll until `stop` is set. An outage of warehouses, broker or S3 is logged and waited out."""
    while not stop.is_set():
        outcome = poller.round(stop)
        if outcome.sent:
            log.info("sent %d updates", outcome.sent)
        if outcome.left_out:
            log.warning("left out %d updates", outcome.left_out)
        for armazem, why in outcome.failed.items():
            log.warning("stock warehouse %s stays for the next round: %s", armazem, why)
        stop.wait(every_s)


def main(
    *,
    every_s: Annotated[float, typer.Option(min=0.1, help="Seconds between two rounds.")] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="One round; exit code 1 if a warehouse could not be finished.")
    ] = False,
) -> None:
    """Take the warehouses' stock updates to Kafka until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("kafka").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    poller = Poller(settings())
    if once:
        raise typer.Exit(_once(poller))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        run(poller, stop, every_s)
    finally:
        poller.close()


def _once(poller: Poller) -> int:
    outcome = poller.round()
    poller.close()
    log.info("sent %d updates", outcome.sent)
    for armazem, why in outcome.failed.items():
        log.error("stock warehouse %s could not be finished: %s", armazem, why)
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    typer.run(main)

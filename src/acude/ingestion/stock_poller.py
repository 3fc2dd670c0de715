"""Takes the warehouses' stock updates to Kafka: `python -m acude.ingestion.stock_poller`.

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

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError
from kafka import KafkaProducer
from kafka.errors import KafkaError
from pydantic import BaseModel, ValidationError
from tenacity import (
    Retrying,
    before_sleep_log,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from acude import aws
from acude.errors import AcudeError
from acude.kafka.producer import close, connect
from acude.lake import conditional
from acude.settings import Settings, settings

TOPIC = "atualizacoes_estoque"
PREFIX = "_controle/poller/"
PAGE = 500

_FIELDS = ("id_produto", "nivel_estoque", "ponto_reposicao", "timestamp")
_TRIES = 6
_MOST_PAUSE_S = 10.0
_ANSWER_WITHIN_S = 5.0
_ACKNOWLEDGED_WITHIN_S = 60.0

log = logging.getLogger(__name__)

Update = dict[str, Any]


class Page(BaseModel):
    """One answer of a warehouse. The updates themselves are checked against their contract behind Kafka."""

    atualizacoes: list[Update]
    proximo_cursor: str
    mais: bool


class StockWarehouseError(Exception):
    """A warehouse that gave no usable answer this time."""


class StockWarehouseRefusalError(StockWarehouseError):
    """A warehouse that will say the same next time (a 4xx); asking again at once is of no use."""


@dataclass(frozen=True)
class Outcome:
    """One round: how many updates were sent, and which warehouses could not be finished and why."""

    sent: int
    failed: dict[str, str]


class Warehouses:
    """Client of the warehouses' API; repeats with growing, jittered pauses what may succeed later."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=_ANSWER_WITHIN_S)

    def ids(self) -> list[str]:
        """All warehouses.

        Raises:
            StockWarehouseError: no usable answer after several tries.
        """
        found = self._get("/armazens", {}).get("armazens")
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise StockWarehouseError(f"/armazens: expected a list of ids under 'armazens', found {found!r}")
        return found

    def page(self, armazem: str, cursor: str | None) -> Page:
        """What lies behind the cursor; None begins with the oldest.

        Raises:
            StockWarehouseError: no usable answer after several tries.
        """
        query = {"limite": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        answer = self._get(f"/armazens/{armazem}/atualizacoes", query)
        try:
            return Page.model_validate(answer)
        except ValidationError as problem:
            raise StockWarehouseError(f"{armazem}: the answer is no page of updates: {problem}") from problem

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        for attempt in Retrying(
            retry=retry_if_not_exception_type(StockWarehouseRefusalError),
            wait=wait_exponential_jitter(multiplier=0.1, max=_MOST_PAUSE_S),
            stop=stop_after_attempt(_TRIES),
            before_sleep=before_sleep_log(log, logging.INFO),
            reraise=True,
        ):
            with attempt:
                return self._get_once(path, query)
        raise AssertionError("tenacity ends with an answer or an exception")

    def _get_once(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        try:
            response = self._http.get(path, params=query)
            if response.is_client_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                raise StockWarehouseRefusalError(f"{path}: {response.status_code} {response.text}")
            answer = response.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as problem:
            raise StockWarehouseError(f"{path}: {type(problem).__name__} {problem}") from problem
        if not isinstance(answer, dict):
            raise StockWarehouseError(f"{path}: expected a JSON object, found {type(answer).__name__}")
        return answer


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


def message(armazem: str, update: Update) -> bytes:
    """The event of an update: the contract's fields as the warehouse gave them, absent ones left out."""
    fields = {name: update[name] for name in _FIELDS if name in update}
    event = {"id_armazem": armazem, **fields} | ({"id_evento": update["id"]} if "id" in update else {})
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


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
        sent = 0
        failed: dict[str, str] = {}
        try:
            names = self._warehouses.ids()
            self._producer = self._producer or connect(self._config, "acude-poller")
        except (StockWarehouseError, AcudeError) as problem:
            return Outcome(0, {"*": str(problem)})
        for armazem in names:
            try:
                for count in self._follow(armazem, self._producer):
                    sent += count
                    if stop and stop.is_set():
                        return Outcome(sent, failed)
            except (StockWarehouseError, BotoCoreError, ClientError) as problem:
                failed[armazem] = f"{type(problem).__name__}: {problem}"
            except KafkaError as problem:
                # What this producer still holds must not arrive after the next round's repeats.
                self._drop_producer()
                return Outcome(sent, failed | {armazem: f"{type(problem).__name__}: {problem}"})
        return Outcome(sent, failed)

    def close(self) -> None:
        """Close all connections."""
        self._drop_producer()
        self._warehouses.close()

    def _drop_producer(self) -> None:
        if self._producer:
            close(self._producer, 5)
        self._producer = None

    def _follow(self, armazem: str, producer: KafkaProducer) -> Iterator[int]:
        """Send page after page until none is left; yields each page's size once its cursor is kept."""
        cursor = self._cursors.read(armazem)
        more = True
        while more:
            page = self._warehouses.page(armazem, cursor)
            self._send(armazem, page.atualizacoes, producer)
            if page.proximo_cursor != cursor:
                self._cursors.keep(armazem, page.proximo_cursor)
            more = page.mais and bool(page.atualizacoes)
            cursor = page.proximo_cursor
            yield len(page.atualizacoes)

    def _send(self, armazem: str, updates: list[Update], producer: KafkaProducer) -> None:
        """Send, and wait until the broker has acknowledged every one."""
        headers = [("origem", b"poller"), ("versao", b"1")]
        sent = [
            producer.send(
                self._topic,
                message(armazem, update),
                # A product's updates stay in order.
                f"{armazem}/{update.get('id_produto', '')}".encode(),
                headers=headers,
            )
            for update in updates
        ]
        for answer in sent:
            answer.get(timeout=_ACKNOWLEDGED_WITHIN_S)


def run(poller: Poller, stop: threading.Event, every_s: float = 2.0) -> None:
    """Poll until `stop` is set. An outage of warehouses, broker or S3 is logged and waited out."""
    while not stop.is_set():
        outcome = poller.round(stop)
        if outcome.sent:
            log.info("sent %d updates", outcome.sent)
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

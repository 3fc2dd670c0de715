"""The life of ingest's checkpoint: where it began, which batch is under way, and whether Spark's part is whole.

Each life has an id and a folder of its own, because its batches count from 0: in the tables they are known by id and
number. What the driver must know of a life is one small object, changed by conditional PUTs alone, so that a driver
that lost its lease can't begin another batch.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from acude.ingestion.gaps import Offsets, start_behind
from acude.kafka.topics import Held
from acude.lake import spark_checkpoint
from acude.lake.spark_checkpoint import CurrentLife, finished_offsets, last_offsets, offsets_of
from acude.settings import Settings

log = logging.getLogger(__name__)

FOLDER = "_checkpoints/ingest"
STATE = f"{FOLDER}/acude.json"


class Life(spark_checkpoint.Life):
    """What ingest's driver must know of a checkpoint.

    Attributes:
        id: names it in the tables; later ones sort behind.
        inicio: Kafka's `startingOffsets`, for as long as Spark has none of its own.
        lote: the last micro-batch that was begun, -1 before the first.
        ingerido_em: its time, with which a repetition lands, too; before the first that of the last life's.
        topicos: the broker's ids of the topics, as they were when a driver last started.
    """

    id: str
    inicio: str
    lote: int = -1
    ingerido_em: datetime | None = None
    topicos: dict[str, str] = Field(default_factory=dict)

    def application(self, table: str) -> str:
        """Under which name its batches are done in a table."""
        return f"ingest-{self.id}:{table}"


class Beginning(NamedTuple):
    """Where a new life begins.

    Attributes:
        offsets: of each partition that the broker has.
        stamp: the time of bronze's last batch, behind which those of the life lie; None where it has none.
    """

    offsets: Offsets
    stamp: datetime | None


class Checkpoint:
    """The current life; kept by the driver that holds the lease."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._current = CurrentLife(STATE, Life, config)

    @property
    def life(self) -> Life | None:
        """The life that is there; None before `begin`'s first one."""
        return self._current.value

    @property
    def folder(self) -> str:
        """Where Spark keeps its part, below the lake."""
        return _folder_of(self.known)

    @property
    def known(self) -> Life:
        """The life, once `begin` gave it one."""
        if self.life is None:
            raise RuntimeError("The checkpoint has not begun")
        return self.life

    @property
    def landed(self) -> Offsets:
        """The offsets up to which Spark has finished; those where the life began, before the first batch."""
        return self._finished(self.life) or _starting(self.life.inicio) if self.life else {}

    @property
    def topic_ids(self) -> dict[str, str]:
        """The broker's ids of the topics, as they were when a driver last started."""
        return self.life.topicos if self.life else {}

    def begin(self, held: Mapping[str, Held], beginning: Callable[[], Beginning]) -> str:
        """Goes on with the life that is there.

        With a new one where there is none, where Spark's part is damaged, or where Spark would ask for records that the
        broker doesn't have: it would ask for them at every start.

        Args:
            held: what the broker has.
            beginning: says where a new life begins. What it does must be done before the life exists: a driver that is
                killed in between begins again with it.

        Returns:
            Kafka's `startingOffsets`; Spark takes them as long as it has none of its own.

        Raises:
            LeaseLost: another driver keeps the checkpoint now.
        """
        ids = {topic: has.id for topic, has in held.items() if has.id}
        if self.life is None or self._is_damaged(self.life) or self._is_overtaken(self.life, held):
            name, new = spark_checkpoint.new_folder(datetime.now(UTC)), beginning()
            inicio = json.dumps(_by_topic(new.offsets))
            self._current.put(Life(id=name, inicio=inicio, ingerido_em=new.stamp, topicos=ids))
        else:
            # Takes the object over: its former writer can't change it any more.
            self._current.put(self.life.model_copy(update={"topicos": ids}))
        return self.known.inicio

    def stamp(self, number: int) -> datetime:
        """The time with which a batch lands; noted before anything of it is written.

        Raises:
            LeaseLost: another driver keeps the checkpoint now.
        """
        life = self.known
        if number != life.lote:
            now = datetime.now(UTC)
            # Rising, so that it gives bronze's order of arrival even if the clock steps back.
            stamp = max(now, life.ingerido_em + timedelta(microseconds=1)) if life.ingerido_em else now
            self._current.put(life.model_copy(update={"lote": number, "ingerido_em": stamp}))
        return self.known.ingerido_em or datetime.now(UTC)

    def _is_damaged(self, life: Life) -> bool:
        """Whether Spark lacks the offsets of a batch that was begun."""
        last = last_offsets(_folder_of(life), self._config)
        if last >= life.lote:
            return False
        log.warning("The checkpoint %s lacks the offsets of batch %d", life.id, life.lote)
        return True

    def _is_overtaken(self, life: Life, held: Mapping[str, Held]) -> bool:
        """Whether Spark would ask for offsets that the broker doesn't have, or be told of others than it has."""
        finished = self._finished(life)
        landed = finished or _starting(life.inicio)
        start = start_behind(landed, life.topicos, held).offsets
        # Spark reads a partition that is new to it from 0 on, and takes a beginning only if it names all partitions.
        expected = dict.fromkeys(start, 0) | landed if finished else landed
        ends = {(topic, number): end for topic, has in held.items() for number, end in has.end.items()}
        if start == expected and all(end <= ends.get(place, 0) for place, end in self._planned(life).items()):
            return False
        log.warning("The broker doesn't have the offsets of checkpoint %s, or has other partitions", life.id)
        return True

    def _finished(self, life: Life) -> Offsets:
        """The offsets up to which Spark has finished, none before the first batch."""
        return _by_place(finished_offsets(_folder_of(life), self._config))

    def _planned(self, life: Life) -> Offsets:
        """The offsets up to which Spark's last batch goes, finished or not."""
        last = last_offsets(_folder_of(life), self._config)
        return _by_place(offsets_of(_folder_of(life), last, self._config)) if last >= 0 else {}


def _folder_of(life: Life) -> str:
    """Where Spark keeps its part of a life, below the lake."""
    return f"{FOLDER}/{life.id}"


def _starting(text: str) -> Offsets:
    """Kafka's `startingOffsets`, where they are offsets: -2 is its word for the earliest."""
    offsets = _by_place([json.loads(text)]) if text.startswith("{") else {}
    return {place: offset for place, offset in offsets.items() if offset >= 0}


def _by_place(sources: Sequence[dict[str, dict[str, int]] | None]) -> Offsets:
    """The offsets of a query's only source."""
    offsets = next(iter(sources), None) or {}
    return {(topic, int(number)): offset for topic, of in offsets.items() for number, offset in of.items()}


def _by_topic(offsets: Offsets) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (topic, number), offset in offsets.items():
        found.setdefault(topic, {})[str(number)] = offset
    return found

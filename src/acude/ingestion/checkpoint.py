"""The life of ingest's checkpoint: where it began, which batch is under way, and whether Spark's part is whole.

Each life has an id and a folder of its own, because its batches count from 0: in the tables they are known by id and
number. What the driver must know of a life is one small object, changed by conditional PUTs alone, so that a driver
that lost its lease can't begin another batch.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from acude.lake import spark_checkpoint
from acude.lake.spark_checkpoint import CurrentLife, last_offsets
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
        ingerido_em: its time, with which a repetition lands, too.
    """

    id: str
    inicio: str
    lote: int = -1
    ingerido_em: datetime | None = None

    def application(self, table: str) -> str:
        """Under which name its batches are done in a table."""
        return f"ingest-{self.id}:{table}"


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

    def begin(self, starting: Callable[[], str]) -> str:
        """Goes on with the life that is there; with a new one where there is none or Spark's part is damaged.

        Args:
            starting: says where a new life starts. What it does must be done before the life exists: a driver that is
                killed in between begins again with it.

        Returns:
            Kafka's `startingOffsets`; Spark takes them as long as it has none of its own.

        Raises:
            LeaseLost: another driver keeps the checkpoint now.
        """
        if self.life is None or self._is_damaged(self.life):
            self._current.put(Life(id=spark_checkpoint.new_folder(datetime.now(UTC)), inicio=starting()))
        else:
            # Takes the object over: its former writer can't change it any more.
            self._current.put(self.life)
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


def _folder_of(life: Life) -> str:
    """Where Spark keeps its part of a life, below the lake."""
    return f"{FOLDER}/{life.id}"

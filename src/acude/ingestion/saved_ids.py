"""The index of known ids of ingest's driver: loaded when it starts, saved beside the checkpoint as it changes.

One small object says which runs there are, up to when they hold what has landed, and of which life of the checkpoint
they are. What landed later is read from silver. Where one of the runs isn't what was written, or the object is of
another checkpoint or of other contracts, all of the window is read from silver: that is the truth.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import pyarrow as pa
from pydantic import ValidationError

from acude.aws import delete
from acude.contracts.model import Contract
from acude.ingestion.arrivals import arrivals
from acude.ingestion.checkpoint import Life
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import EPOCH, day_number, find_duplicates, stamp_number
from acude.ingestion.id_runs import DamagedRun, Description, Run, RunFolder
from acude.lake import spark_checkpoint
from acude.lake.object_store import object_store
from acude.lake.spark_checkpoint import CurrentLife
from acude.settings import Settings

log = logging.getLogger(__name__)

FOLDER: Final = "_checkpoints/ingest-ids"
STATE: Final = f"{FOLDER}/acude.json"
_RUNS: Final = f"{FOLDER}/partes"
_READERS: Final = 8


class SavedIds(spark_checkpoint.Life):
    """What is saved of the index.

    Attributes:
        formato: of the runs.
        vida: the checkpoint's life.
        contratos: of each topic what ids and their days depend on.
        salvo_ate: when the last event landed that the runs had to hold, microseconds since 1970.
        conhecidos_desde: the ids of what landed up to then were let go of; 0 where none was.
        partes: the runs.
    """

    formato: Literal[1] = 1
    vida: str
    contratos: dict[str, str]
    salvo_ate: int
    conhecidos_desde: int
    partes: tuple[Description, ...]


class KnownIds:
    """Keeps the index in step with what is saved of it.

    Args:
        topics: the contracts.
        config: where the lake is, and the memory.
        folder: where runs lie; the lake's own place unless given.
    """

    def __init__(self, topics: Sequence[Contract], config: Settings, folder: RunFolder | None = None) -> None:
        self._topics = topics
        self._config = config
        self._folder = folder or runs_at(_RUNS, config)
        self._contracts = {topic.name: _contract_of(topic) for topic in topics if topic.event_id in topic.column_names}
        self._saved = _saved(config)
        self.index = DedupIndex(self._folder, config.dedup_memory)

    def load(self, life: Life | None) -> None:
        """Makes the index know what the next batch must know.

        Args:
            life: the checkpoint's, as the last driver left it.
        """
        landed = datetime.now(UTC)
        if life and life.ingerido_em and life.lote >= 0:
            # A batch that runs again must know what it knew before.
            landed = life.ingerido_em
        trusted = self._read_saved(life)
        saved_until = self.index.saved_until
        for topic in self._topics:
            for part in arrivals(topic, landed, EPOCH + timedelta(microseconds=saved_until), self._config):
                # What the saved ids had room for has room.
                self.index.load(part.arrivals, part.stamps, let_go=not trusted)
            log.info("Event ids known with those of silver.%s: %d", topic.name, len(self.index))
        if self.index.saved_until > saved_until:
            self.index.end_of_load()

    def keep(self, life: Life) -> None:
        """Saves what has changed, and deletes the runs that are no longer needed.

        Raises:
            LeaseLost: another driver keeps it now.
        """
        index = self.index
        if not index.runs and not self._saved.value:
            return
        left = self._folder.names()
        runs = tuple(run.description for run in index.runs)
        value = SavedIds(
            vida=life.id,
            contratos=self._contracts,
            salvo_ate=index.saved_until,
            conhecidos_desde=index.known_since,
            partes=runs,
        )
        self._saved.put(value)
        # They were listed before: what a driver writes that has taken over meanwhile is not among them.
        self._folder.delete(set(left) - {run.nome for run in runs})

    def settle(self, life: Life, landed: datetime) -> None:
        """Brings the index to the size that it may have; between batches, never before one that runs again.

        Args:
            life: the checkpoint's.
            landed: the next batch's `ingerido_em`.
        """
        index, former = self.index, self.index.runs
        index.settle(day_number(landed))
        if index.runs != former:
            self.keep(life)

    def find_duplicates(self, batch: pa.Table, landed: datetime) -> pa.Table:
        """`duplicates.find_duplicates` in this index.

        Raises:
            DamagedRun: a run is not what was written; the next driver makes all of them again.
        """
        try:
            return find_duplicates(batch, self.index, self._topics, landed)
        except DamagedRun:
            distrust(self._config)
            raise

    def since(self, landed: datetime) -> datetime:
        """Repeats are found of what landed later than this.

        Args:
            landed: of the batch in which they come.
        """
        longest = max((topic.dedup_window for topic in self._topics), default=timedelta())
        window = EPOCH + timedelta(days=day_number(landed) - longest.days)
        return max(window, EPOCH + timedelta(microseconds=self.index.known_since))

    def _read_saved(self, life: Life | None) -> bool:
        """Takes what was saved, where it can be trusted; says whether."""
        saved = self._saved.value
        if not saved or not life or not self._is_of(saved, life):
            return False
        try:
            with ThreadPoolExecutor(_READERS) as pool:
                self.index.runs = list(pool.map(lambda run: Run.read(self._folder, run), saved.partes))
        except DamagedRun as damaged:
            log.warning("The saved ids are read from silver again: %s is not what was written", damaged)
            return False
        self.index.saved_until, self.index.known_since = saved.salvo_ate, saved.conhecidos_desde
        return True

    def _is_of(self, saved: SavedIds, life: Life) -> bool:
        """Whether it can be trusted for this life of the checkpoint and these contracts."""
        same = all(self._contracts.get(name, text) == text for name, text in saved.contratos.items())
        last = stamp_number(life.ingerido_em) if life.ingerido_em else 0
        if saved.vida == life.id and same and saved.salvo_ate <= last:
            return True
        log.warning("The saved ids are read from silver again: they are of another checkpoint, or of other contracts")
        return False


def distrust(config: Settings) -> None:
    """What is saved won't be read any more: the next driver reads silver."""
    delete(config.lake_bucket, [STATE], config)


def runs_at(prefix: str, config: Settings) -> RunFolder:
    """A folder of runs in the lake's bucket."""
    store = object_store(config)
    return RunFolder(store.filesystem(), f"{store.bucket}/{prefix}")


def _saved(config: Settings) -> CurrentLife[SavedIds]:
    try:
        return CurrentLife(STATE, SavedIds, config)
    except ValidationError:
        log.warning("The saved ids are read from silver again: %s can't be read", STATE)
        distrust(config)
        return CurrentLife(STATE, SavedIds, config)


def _contract_of(topic: Contract) -> str:
    """What a topic's ids, their coordinates and their days depend on."""
    return " ".join([str(topic.event_id), str(topic.event_owner), str(topic.dedup_window.days), *topic.topics_by_name])

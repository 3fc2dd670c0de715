"""Which records repeat an earlier event, found in the index of known events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import Contract
from acude.ingestion.dedup_index import DedupIndex, Repeats
from acude.ingestion.recent_ids import Arrivals, Longs, pack, unpack
from acude.ingestion.refine import CONTRADICTORY, COORDINATE, DUPLICATE, FLAGS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_number(landed: datetime) -> int:
    """The UTC day, counted from 1970-01-01."""
    return (landed - EPOCH).days


def stamp_number(landed: datetime) -> int:
    """Microseconds since 1970."""
    return (landed - EPOCH) // timedelta(microseconds=1)


def find_duplicates(batch: pa.Table, index: DedupIndex, topics: Sequence[Contract], landed: datetime) -> pa.Table:
    """Repeats among a batch's records, against all known events; its first arrivals join the index.

    Args:
        batch: rows of `KEYS`.
        index: the events of the batches before.
        topics: the topics' contracts, for how long each remembers an id.
        landed: the batch's `ingerido_em`.

    Returns:
        Rows of `FLAGS`, one per repeat.
    """
    with_id = batch.filter(pc.and_(pc.invert(batch["recusado"]), pc.is_valid(batch["id_hash"])))
    place, number = _places(with_id["topico"], topics)
    coordinates = pack(with_id["particao"].to_numpy(), with_id["deslocamento"].to_numpy(), number)
    today = day_number(landed)
    index.forget(today)
    until = np.array([today + topic.dedup_window.days for topic in topics], dtype=np.int32)[place]
    arrivals = Arrivals(with_id["id_hash"].to_numpy(), with_id["hash_conteudo"].to_numpy(), coordinates, until)
    taken = with_id["carimbo_kafka"].cast(pa.int64()).to_numpy()
    repeats = index.find_duplicates(arrivals, taken, stamp_number(landed))
    at = np.flatnonzero(repeats.duplicate | repeats.contradictory)
    return _flag_rows(with_id, repeats, at, [topics[one] for one in place[at].tolist()])


def _places(names: pa.ChunkedArray, topics: Sequence[Contract]) -> tuple[Longs, Longs]:
    """Of each Kafka topic its contract's place, and its own among that contract's topics."""
    known = [(name, at, number) for at, topic in enumerate(topics) for number, name in enumerate(topic.topics_by_name)]
    found = pc.index_in(names, pa.array([name for name, _, _ in known])).to_numpy()
    return np.array([at for _, at, _ in known])[found], np.array([number for _, _, number in known])[found]


def _flag_rows(batch: pa.Table, repeats: Repeats, at: npt.NDArray[np.intp], contracts: list[Contract]) -> pa.Table:
    """The rows at these places, which are of these contracts, as flags."""
    topic, partition, offset = unpack(repeats.originals[at])
    names = [contract.topics_by_name[one] for contract, one in zip(contracts, topic.tolist(), strict=True)]
    kind = np.where(repeats.duplicate[at], DUPLICATE, CONTRADICTORY)
    coordinates = batch.select(COORDINATE).take(pa.array(at))
    columns = [
        pa.array(kind.tolist(), pa.string()),
        pa.array(names, pa.string()),
        pa.array(partition),
        pa.array(offset),
    ]
    return pa.table([*coordinates.columns, *columns], schema=FLAGS)

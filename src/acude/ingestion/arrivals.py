"""Reads first arrivals from silver for the dedup index of a driver that starts. Without Spark, which takes seconds."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import Contract, silver_of
from acude.days import midnight
from acude.ingestion.hashes import event_hashes
from acude.ingestion.recent_ids import Arrivals, Longs, pack
from acude.lake.snapshot import snapshot
from acude.settings import Settings


class Landed(NamedTuple):
    """First arrivals.

    Attributes:
        arrivals: the events.
        stamps: when each landed, microseconds since 1970.
    """

    arrivals: Arrivals
    stamps: Longs


def arrivals(topic: Contract, landed: datetime, after: datetime, config: Settings) -> Iterator[Landed]:
    """The first arrivals that a batch landing at `landed` must know, a million at a time.

    Args:
        topic: the topic's contract; without an event id it has none.
        landed: UTC; ids are forgotten `dedup_window` days after the day on which they landed.
        after: those that landed later alone.
        config: where the lake is.
    """
    found = snapshot(silver_of(topic), config)
    if not found or topic.event_id not in topic.column_names:
        return
    window = topic.dedup_window.days
    first = midnight(landed.astimezone(UTC).date(), -window)
    known = pc.field(topic.event_id).is_valid() & (pc.field("ingerido_em") >= first)
    if after >= first:
        known = known & (pc.field("ingerido_em") > after)
    columns = [topic.event_id, "hash_conteudo", "particao", "deslocamento", "ingerido_em"]
    columns += ["topico"] if topic.split_by else []
    columns += [topic.event_owner] if topic.event_owner else []
    for rows in found.where(known, columns):
        days = rows["ingerido_em"].cast(pa.date32()).cast(pa.int32()).to_numpy()
        places = pack(rows["particao"].to_numpy(), rows["deslocamento"].to_numpy(), _topics(topic, rows))
        ids = event_hashes(topic.name, rows[topic.event_id], rows[topic.event_owner] if topic.event_owner else None)
        first_ones = Arrivals(ids, rows["hash_conteudo"].to_numpy(), places, (days + window).astype(np.int32))
        yield Landed(first_ones, rows["ingerido_em"].cast(pa.int64()).to_numpy())


def _topics(topic: Contract, rows: pa.Table) -> Longs | int:
    """Each row's place among the contract's topics."""
    if not topic.split_by:
        return 0
    found = pc.index_in(pc.fill_null(rows["topico"], topic.name), pa.array(topic.topics_by_name))
    return np.asarray(found, dtype=np.int64)

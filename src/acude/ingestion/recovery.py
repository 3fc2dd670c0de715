"""What a driver that lost its checkpoint learns from the tables, without Spark, which takes long to begin.

Where bronze ends is where reading goes on. What its last batch brought to bronze alone has to be refined first.
"""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import Contract, load, silver_of
from acude.ingestion.gaps import Offsets
from acude.ingestion.landing import BRONZE, DUPLICATES, QUARANTINE
from acude.ingestion.refine import COORDINATE, KEYS
from acude.lake.snapshot import snapshot
from acude.settings import Settings

_COORDINATES = pa.schema([KEYS.field(name) for name in COORDINATE])


class End(NamedTuple):
    """Where bronze ends.

    Attributes:
        offsets: the offset behind the last record of each topic's partition.
        stamp: `ingerido_em` of the last batch.
    """

    offsets: Offsets
    stamp: datetime


def end_of_bronze(config: Settings) -> End | None:
    """Where bronze ends, None where it has no row.

    The last record of a partition is that of its last batch, which a topic that was made again gives a lower offset.

    Reads the coordinates of all that bronze holds, because a partition's last record may be of any day: some seconds
    per ten million records, in memory that doesn't grow with them. Only a driver that lost its checkpoint asks.
    """
    found = snapshot(load()[BRONZE], config)
    last = found.greatest(["ingerido_em"], by=["topico", "particao"]) if found else None
    if not found or not last:
        return None
    of_last = reduce(or_, (pc.field("ingerido_em") == stamp for stamp in last["ingerido_em"].unique()))
    offsets: Offsets = {}
    for piece in found.where(of_last, [*COORDINATE, "ingerido_em"]):
        ours = piece.join(last, last.column_names, join_type="inner")
        greatest = ours.group_by(["topico", "particao"]).aggregate([("deslocamento", "max")])
        for topic, partition, offset in zip(*greatest.to_pydict().values(), strict=True):
            offsets[topic, partition] = max(offsets.get((topic, partition), 0), offset + 1)
    return End(offsets, pc.max(last["ingerido_em"]).as_py())


def unrefined(stamp: datetime, topics: list[Contract], config: Settings) -> pa.Table:
    """The `COORDINATE` of a batch's records that are in bronze alone.

    Args:
        stamp: the batch's `ingerido_em`.
        topics: the topics' contracts.
        config: where the lake is.
    """
    landed = _of_batch(load()[BRONZE], stamp, config)
    tables = [load()[QUARANTINE], load()[DUPLICATES], *map(silver_of, topics)]
    refined = pa.concat_tables([_of_batch(table, stamp, config) for table in tables])
    return landed.join(refined, list(COORDINATE), join_type="left anti")


def _of_batch(table: Contract, stamp: datetime, config: Settings) -> pa.Table:
    """The `COORDINATE` of what a batch brought to a table."""
    own = [name for name in COORDINATE if name in table.column_names]
    found = snapshot(table, config)
    pieces = list(found.where(pc.field("ingerido_em") == stamp, own)) if found else []
    rows = pa.concat_tables([_COORDINATES.empty_table().select(own), *pieces])
    named = rows["topico"].fill_null(table.name) if "topico" in own else pa.array([table.name] * rows.num_rows)
    return pa.table([named, rows["particao"], rows["deslocamento"]], schema=_COORDINATES)

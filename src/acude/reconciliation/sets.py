"""Nothing lost, nothing twice: sets of Kafka coordinates, from the ledger to silver.

Read by delta-rs and held as eight bytes a record: for a day's coordinates no engine has to be warm.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table, topics
from acude.lake.known_events import Longs, pack, unpack
from acude.lake.snapshot import Snapshot, snapshot
from acude.reconciliation.report import SetRow
from acude.settings import Settings
from acude.simulator import ledger as ledgers

Coordinates = dict[str, Longs]
"""Packed partitions and offsets by topic."""

_COORDINATE = ("topico", "particao", "deslocamento")
_TRACE = "id_rastro"
_EXAMPLES = 3
_NONE: Longs = np.empty(0, np.int64)


def set_rows(config: Settings, first: date, last: date) -> list[SetRow]:
    """Compares the coordinates that landed on those days (UTC, by the broker's clock).

    Returns:
        One row a rule. A batch that is being committed at the moment shows as broken; ask again.
    """
    bronze = snapshot(table("bronze.eventos"), config)
    stamp = _latest(bronze, first, last)
    landed = _coordinates(bronze, _days("carimbo_kafka", first, last))
    # What was refined since bronze was read has landed since, too.
    refined = _refined(config, first, last, stamp) if stamp else {}
    rows = [
        _row("Every coordinate is in bronze once", landed, _more_than_once(landed)),
        _row("Every coordinate is refined once", refined, _more_than_once(refined)),
        _row("What is in bronze is in silver, quarantine or duplicates", landed, _without(landed, refined)),
        _row("What is refined is in bronze", refined, _without(refined, landed)),
    ]
    return rows + _ledger_rows(config, bronze, first, last)


def _days(column: str, first: date, last: date) -> pc.Expression:
    """A condition on a UTC timestamp."""
    begin, end = (
        pa.scalar(datetime.combine(day, clock(), UTC), pa.timestamp("us", "UTC"))
        for day in (first, last + timedelta(days=1))
    )
    return (pc.field(column) >= begin) & (pc.field(column) < end)


def _latest(bronze: Snapshot | None, first: date, last: date) -> datetime | None:
    """When the newest of the days' batches landed."""
    batches = bronze.where(_days("carimbo_kafka", first, last), ["ingerido_em"]).to_batches() if bronze else ()
    return max((pc.max(batch["ingerido_em"]).as_py() for batch in batches if batch.num_rows), default=None)


def _coordinates(found: Snapshot | None, condition: pc.Expression, topic: str | None = None) -> Coordinates:
    """Coordinates of the rows that fit; `topic` names that of a table without the column."""
    columns = [name for name in _COORDINATE if topic is None or name != "topico"]
    return packed(found.where(condition, columns).to_batches() if found else (), topic)


def packed(batches: Iterable[pa.RecordBatch], topic: str | None = None) -> Coordinates:
    """Coordinates by topic, as often as they come.

    Args:
        batches: columns `topico` (unless `topic` is given), `particao`, `deslocamento`.
        topic: of all rows.
    """
    parts: dict[str, list[Longs]] = {}
    for batch in batches:
        here = pack(batch["particao"].to_numpy(), batch["deslocamento"].to_numpy())
        if topic is not None:
            parts.setdefault(topic, []).append(here)
            continue
        for name in pc.unique(batch["topico"]).to_pylist():
            mine = pc.equal(batch["topico"], name).to_numpy(zero_copy_only=False)
            parts.setdefault(name, []).append(here[mine])
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _refined(config: Settings, first: date, last: date, stamp: datetime) -> Coordinates:
    """Coordinates of all that silver made of bronze's batches up to that one."""
    done = pc.field("ingerido_em") <= pa.scalar(stamp, pa.timestamp("us", "UTC"))
    stamped = _days("carimbo_kafka", first, last) & done
    days = (pc.field("data") >= pa.scalar(first)) & (pc.field("data") <= pa.scalar(last)) & done
    found = [_coordinates(snapshot(table(f"silver.{topic.name}"), config), stamped, topic.name) for topic in topics()]
    found.append(_coordinates(snapshot(table("silver.quarentena"), config), stamped))
    found.append(_coordinates(snapshot(table("silver.duplicatas"), config), days))
    names = {name for one in found for name in one}
    return {name: np.concatenate([one.get(name, _NONE) for one in found]) for name in names}


def _more_than_once(found: Coordinates) -> Coordinates:
    counted = {name: np.unique(values, return_counts=True) for name, values in found.items()}
    return {name: values[counts > 1] for name, (values, counts) in counted.items()}


def _without(found: Coordinates, others: Coordinates) -> Coordinates:
    return {name: np.setdiff1d(values, others.get(name, _NONE)) for name, values in found.items()}


def _row(rule: str, checked: Coordinates, broken: Coordinates) -> SetRow:
    examples = [
        f"{name}/{partition}/{offset}"
        for name, values in sorted(broken.items())
        for partition, offset in zip(*unpack(values[:_EXAMPLES]), strict=True)
    ]
    return SetRow(rule, _size(checked), _size(broken), tuple(examples[:_EXAMPLES]))


def _size(found: Coordinates) -> int:
    return sum(len(values) for values in found.values())


def _ledger_rows(config: Settings, bronze: Snapshot | None, first: date, last: date) -> list[SetRow]:
    """What the broker acknowledged is in bronze, and no send is there under a second coordinate."""
    confirmed = ledgers.read(config.var).filter(
        _days("enviado_em", first, last) & pc.field("topico").is_valid() & (pc.field("resposta") == ledgers.CONFIRMED)
    )
    if not confirmed.num_rows:
        return []
    acknowledged = packed(confirmed.to_batches())
    # A send of the day's last seconds may land on the next day.
    near = _days("carimbo_kafka", first, last + timedelta(days=1))
    ids = pc.unique(confirmed["id_envio"].cast(pa.binary()))
    headed = bronze.where(near, [*_COORDINATE, "cabecalhos"]).to_batches() if bronze else ()
    traced = packed(carrying(ids, headed))
    return [
        _row(
            "What the broker acknowledged is in bronze",
            acknowledged,
            _without(acknowledged, _coordinates(bronze, near)),
        ),
        _row("No acknowledged send is in bronze a second time", acknowledged, _without(traced, acknowledged)),
    ]


def carrying(ids: pa.Array, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    """Bronze's rows with one of those ids in the header `id_rastro`; others' headers hold any bytes."""
    for batch in batches:
        headers = batch["cabecalhos"]
        each = headers.flatten()
        ours = pc.and_(pc.equal(each.field("chave"), _TRACE), pc.is_in(each.field("valor"), ids))
        yield batch.take(pc.unique(pc.list_parent_indices(headers).filter(ours)))

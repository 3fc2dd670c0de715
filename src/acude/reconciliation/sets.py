"""Nothing lost, nothing twice: sets of Kafka coordinates, from the ledger to silver.

delta-rs reads them, and a coordinate takes eight bytes of memory: no engine has to be started for a day's coordinates.
Of several days one after the other is in memory.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table, topics
from acude.days import midnight
from acude.ingestion.gaps import told
from acude.ingestion.recent_ids import Longs, pack, unpack
from acude.ingestion.replays import origins
from acude.lake.delta import each_day
from acude.lake.snapshot import snapshot
from acude.reconciliation.report import EXAMPLES, SetRow, added
from acude.reconciliation.sent import rows_since
from acude.settings import Settings
from acude.simulator.ledger import CONFIRMED

Coordinates = dict[str, Longs]
"""Packed partitions and offsets by topic."""

_COORDINATE = ("topico", "particao", "deslocamento")
_TRACE = "id_rastro"
_PARTITIONS = 4_096
"""As many as a packed coordinate has room for."""
_NONE: Longs = np.empty(0, np.int64)

_BY_BROKER = "the day on which the broker took it"
_COMPARE = "`acude down`, then `.venv/bin/python -m jobs.streaming.rebuild`, which compares silver with bronze"
_LOOK = "`acude logs streams`; bronze.eventos has both records under these coordinates"
_SEND = "`acude logs streams`; what Kafka still holds can be read again (docs/streams.md, lost checkpoint)"
_TWICE = "look in bronze.eventos for the header id_rastro of these records: their producer sent them again"
"""What a person does where a rule is broken."""


class _Landed:
    """What bronze holds of a day and of the day after it, read once.

    Attributes:
        stamp: when the newest of the day's batches landed; None where nothing did.
        whole: the table; None where there is none.
        coordinates: those of the day.
        near: those of the day behind, too, where a send of the day's last seconds may have landed.
        traced: those of `near` that carry one of the sends' ids, and no replay sent them.
    """

    def __init__(self, config: Settings, day: date, sends: pa.Array) -> None:
        self.whole = bronze = snapshot(table("bronze.eventos"), config)
        begin, end = _midnight(day), _midnight(day, 1)
        near = _between("carimbo_kafka", begin, _midnight(day, 2))
        columns = [*_COORDINATE, "carimbo_kafka", "ingerido_em", "cabecalhos"]
        stamps: list[datetime] = []
        found: list[tuple[Coordinates, Coordinates, Coordinates]] = []
        for piece in bronze.where(near, columns) if bronze else ():
            here = piece.filter(_between("carimbo_kafka", begin, end))
            stamps += [pc.max(here["ingerido_em"]).as_py()] if here.num_rows else []
            found.append((_packed(here), _packed(piece), _packed(_carrying(sends, piece))))
        self.stamp = max(stamps, default=None)
        self.coordinates, self.near, self.traced = (
            (_joined(parts) for parts in zip(*found, strict=True)) if found else ({}, {}, {})
        )

    def above(self, missing: Coordinates) -> int:
        """How many of these, which bronze lacks, lie above all that it has of their partition."""
        if not self.whole or not _size(missing):
            return _size(missing)
        ends = self.whole.greatest(["deslocamento"], by=["topico", "particao"])
        return _size(_above(missing, _packed(ends)))

    def of_the_last_batch(self, missing: Coordinates, refined: Coordinates) -> int:
        """How many of these, which silver lacks, bronze's newest batch has brought: it is refined after bronze."""
        if not self.whole or not _size(missing):
            return 0
        newest = pc.max(self.whole.greatest(["ingerido_em"], by=["topico"])["ingerido_em"]).as_py()
        return _size(_above(missing, refined)) if newest == self.stamp else 0


def set_rows(config: Settings, first: date, last: date) -> list[SetRow]:
    """Compares the coordinates that landed on those days (UTC, by the broker's clock), day by day.

    Returns:
        One row per rule; none about the sends where the ledger has none. A batch that is being committed at the moment
        shows as broken; ask again.
    """
    return added(row for day in each_day(first, last) for row in _rows_of(config, day))


def _rows_of(config: Settings, day: date) -> list[SetRow]:
    confirmed = _confirmed(config, day)
    bronze = _Landed(config, day, pc.unique(confirmed["id_envio"].cast(pa.binary())))
    landed = bronze.coordinates
    # What was refined since bronze was read has landed since, too.
    refined = _refined(config, day, bronze.stamp) if bronze.stamp else {}
    unrefined = _without(landed, refined)
    late = bronze.of_the_last_batch(unrefined, refined)
    rows = [
        _row("Every coordinate is in bronze once", landed, _more_than_once(landed), _LOOK),
        _row("Every coordinate is refined once", refined, _more_than_once(refined), _COMPARE),
        _row("What is in bronze is in silver, quarantine or duplicates", landed, unrefined, _COMPARE, late),
        _row("What is refined is in bronze", refined, _without(refined, landed), _COMPARE),
    ]
    if not confirmed.num_rows:
        return rows
    sent = _packed(confirmed)
    missing = _without(sent, bronze.near)
    return [
        *rows,
        _row("What the broker acknowledged is in bronze", sent, missing, _SEND, bronze.above(missing)),
        _row("No acknowledged send is in bronze a second time", sent, _without(bronze.traced, sent), _TWICE),
    ]


def gap_rows(config: Settings, first: date, last: date) -> list[SetRow]:
    """What Kafka lost before it landed and may have taken on those days; none where it lost nothing.

    A gap of which nobody knows the end counts as one record.
    """
    gaps = told(first, last, config)
    lost = sum(gap.ate - gap.de if gap.ate else 1 for gap in gaps)
    examples = tuple(map(str, gaps[:EXAMPLES]))
    return [SetRow("Kafka keeps a record until it has landed", lost, lost, examples)] if gaps else []


def _confirmed(config: Settings, day: date) -> pa.Table:
    """The ledger's rows of the day's sends to Kafka that the broker acknowledged."""
    return rows_since(
        config,
        day,
        _between("enviado_em", _midnight(day), _midnight(day, 1))
        & pc.field("topico").is_valid()
        & (pc.field("resposta") == CONFIRMED),
    )


def _midnight(day: date, later: int = 0) -> pa.Scalar:
    return pa.scalar(midnight(day, later), pa.timestamp("us", "UTC"))


def _between(column: str, begin: pa.Scalar, end: pa.Scalar) -> pc.Expression:
    return (pc.field(column) >= begin) & (pc.field(column) < end)


def _packed(rows: pa.Table, topic: str | None = None) -> Coordinates:
    """Coordinates by topic, as often as they come.

    Args:
        rows: columns `topico` (where `topic` is given, perhaps), `particao`, `deslocamento`.
        topic: of rows that name none.
    """
    numbers = pack(rows["particao"].to_numpy(), rows["deslocamento"].to_numpy())
    if "topico" not in rows.column_names:
        return {str(topic): numbers}
    names = rows["topico"] if topic is None else pc.fill_null(rows["topico"], topic)
    return {name: numbers[pc.equal(names, name).to_numpy()] for name in pc.unique(names).to_pylist()}


def _joined(parts: Iterable[Coordinates]) -> Coordinates:
    parts = list(parts)
    names = {name for one in parts for name in one}
    return {name: np.concatenate([one.get(name, _NONE) for one in parts]) for name in names}


def _carrying(sends: pa.Array, rows: pa.Table) -> pa.Table:
    """Rows of bronze with one of those ids in the header `id_rastro`; others' headers hold any bytes.

    A replay from quarantine or of a dead letter keeps that header: it is the same send, asked for by a person.
    """
    headers = rows["cabecalhos"].combine_chunks()
    each = headers.flatten()
    ours = pc.and_(pc.equal(each.field("chave"), _TRACE), pc.is_in(each.field("valor"), sends))
    replays = pa.array(list(origins(headers)), pa.int64())
    found = pc.unique(pc.list_parent_indices(headers).filter(ours))
    return rows.take(found.filter(pc.invert(pc.is_in(found, replays))))


def _refined(config: Settings, day: date, stamp: datetime) -> Coordinates:
    """Coordinates of all rows that silver made from bronze's batches up to that one."""
    done = pc.field("ingerido_em") <= pa.scalar(stamp, pa.timestamp("us", "UTC"))
    stamped = _between("carimbo_kafka", _midnight(day), _midnight(day, 1)) & done
    of_the_day = (pc.field("data") == pa.scalar(day)) & done
    looks: list[tuple[str, pc.Expression, str | None]] = [
        (f"silver.{topic.name}", stamped, topic.name) for topic in topics()
    ]
    looks += [("silver.quarentena", stamped, None), ("silver.duplicatas", of_the_day, None)]
    return _joined(one for look in looks for one in _coordinates(config, *look))


def _coordinates(config: Settings, name: str, condition: pc.Expression, topic: str | None) -> Iterator[Coordinates]:
    """A table's rows that meet the condition, in pieces; rows without a topic get `topic`."""
    contract = table(name)
    found = snapshot(contract, config)
    columns = [column for column in _COORDINATE if column in contract.column_names]
    for piece in found.where(condition, columns) if found else ():
        yield _packed(piece, topic)


def _more_than_once(found: Coordinates) -> Coordinates:
    counted = {name: np.unique(values, return_counts=True) for name, values in found.items()}
    return {name: values[counts > 1] for name, (values, counts) in counted.items()}


def _without(found: Coordinates, others: Coordinates) -> Coordinates:
    return {name: np.setdiff1d(values, others.get(name, _NONE)) for name, values in found.items()}


def _above(found: Coordinates, reached: Coordinates) -> Coordinates:
    """Those that lie above the highest offset of their partition in `reached`."""
    above = {}
    for name, values in found.items():
        _, partitions, offsets = unpack(values)
        last = np.full(_PARTITIONS, -1)
        _, reached_partitions, reached_offsets = unpack(reached.get(name, _NONE))
        np.maximum.at(last, reached_partitions, reached_offsets)
        above[name] = values[offsets > last[partitions]]
    return above


def _row(rule: str, checked: Coordinates, broken: Coordinates, next_step: str, behind: int = 0) -> SetRow:
    examples = [
        f"{name}/{partition}/{offset}"
        for name, values in sorted(broken.items())
        for partition, offset in zip(*unpack(values[:EXAMPLES])[1:], strict=True)
    ]
    some = tuple(examples[:EXAMPLES])
    return SetRow(rule, _size(checked), _size(broken), some, _BY_BROKER, next_step, behind)


def _size(found: Coordinates) -> int:
    return sum(len(values) for values in found.values())

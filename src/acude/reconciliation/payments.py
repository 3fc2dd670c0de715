"""Payments: sent, landed, decided; in the ledger, the lake and the decisions' database, payment by payment.

Of several days one after the other is in memory: a payment and its decisions count by the day on which it was made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table
from acude.days import midnight
from acude.errors import AcudeError
from acude.ingestion.replays import origins
from acude.kafka.records import Coordinate
from acude.lake.delta import each_day
from acude.lake.snapshot import rows_where
from acude.payments.serde import DECISIONS, TOPIC
from acude.payments.store import AWAY, Store
from acude.reconciliation.report import EXAMPLES, MoneyRow, SetRow, Sums, added, compare, together
from acude.reconciliation.sent import arrived, sent_of
from acude.reconciliation.sums import athena, between, columns, sums_of
from acude.risk.first_decision import CLIENT, KEY, PAYMENT
from acude.settings import Settings

SETTLED: Final = timedelta(minutes=1)
"""A payment this young may still wait for its decision, so it is not compared."""

_BY_PAYMENT: Final = "the day on which the payment was made"
_WORKER: Final = "`acude logs risk-worker`; `acude trace ID` shows where a payment is"
_RECORDER: Final = "`acude logs risk-recorder`; `acude trace ID` shows where a decision is"
_DIFFER: Final = "`acude trace ID` shows the decision in both, `acude audit show --object ID` what was chained"
"""What a person does where a rule is broken."""

_ID: Final = PAYMENT
_SAID: Final = {
    "decisao": pa.string(),
    "pontuacao": pa.int32(),
    "valor": pa.decimal128(18, 2),
    "moeda": pa.string(),
}
"""What lake and database must say alike of a decision."""

_TIME: Final = pa.timestamp("us", "UTC")
_STORED: Final = pa.schema(
    {CLIENT: pa.string(), _ID: pa.string(), "transacao_em": _TIME, "decidida_em": _TIME, **_SAID}
)


@dataclass(frozen=True)
class Payments:
    """What each place has of a day's payments.

    Attributes:
        landed: silver's: `id_transacao` (`_keyed`), `data` (UTC day), `moeda`, `valor`, `carimbo_kafka`.
        decided: silver's decisions: `id_transacao`, `dia` (the payment's UTC day), `decisao`, `pontuacao`, `valor`,
            `moeda`; old enough.
        again: coordinates of second decisions, which the lake keeps beside silver.
        stored: the database's decisions: as `decided`, and `decidida_em`.
        until: what was taken or decided later is not compared.
    """

    landed: pa.Table
    decided: pa.Table
    again: tuple[str, ...]
    stored: pa.Table
    until: datetime

    @property
    def due(self) -> pa.Table:
        """The payments that are old enough to have been decided everywhere."""
        return self.landed.filter(pc.less(self.landed["carimbo_kafka"], _moment(self.until)))


@dataclass(frozen=True)
class _Compared:
    """A day's sums by place, of what was sent and of all payments, and its rules."""

    sent: dict[str, Sums]
    money: dict[str, Sums]
    rules: list[SetRow]


def payment_rows(
    config: Settings, first: date, last: date, now: datetime | None = None
) -> tuple[list[MoneyRow], list[SetRow]]:
    """Compares the payments that were made on those days (UTC), day by day.

    Args:
        config: where everything is.
        first: first UTC day.
        last: last UTC day, included.
        now: what the clock says, UTC.

    Returns:
        Sums by place, and a row per rule; none where there are no payments.
    """
    until = (now or datetime.now(UTC)) - SETTLED
    found = {day: _compared(config, day, until) for day in each_day(first, last)}
    days = [compared for compared in found.values() if compared]
    if not days:
        return [], []
    silent = [day for day, compared in found.items() if not compared]
    days += filter(None, (_compared(config, day, until, lost=True) for day in silent))
    settled = f"AND carimbo_kafka < TIMESTAMP '{until:%Y-%m-%d %H:%M:%S.%f}'"
    by_athena = athena(config, f"silver.{TOPIC}", "valor", first, last, more=settled, flow="pagamentos")
    money = {"silver": {}, "athena": by_athena} | together(day.money for day in days)
    sent = together(day.sent for day in days)
    return [*compare(sent), *compare(money)], added(row for day in days for row in day.rules)


def _compared(config: Settings, day: date, until: datetime, *, lost: bool = False) -> _Compared | None:
    """One day; None where neither ledger nor lake has a payment of it.

    Args:
        config: where everything is.
        day: UTC day.
        until: what was taken or decided later is not compared.
        lost: compare the day all the same: the lake may have lost what the database has decided.
    """
    sent = sent_of(config, TOPIC, day, between("dia", day, day) & (pc.field("enviado_em") < _moment(until)))
    landed, decided = _landed(config, day), _decided(config, day, until)
    if not (lost or sent.num_rows or landed.num_rows or decided.num_rows):
        return None
    found = Payments(landed, decided, tuple(_again(config, day, until)), _stored(config, day), until)
    return _Compared(_sent_money(sent, landed), _money(found), rules(found))


def _landed(config: Settings, day: date) -> pa.Table:
    names = [*KEY, "data", "moeda", "valor", "carimbo_kafka"]
    return _keyed(rows_where(table(f"silver.{TOPIC}"), between("data", day, day), names, config))


def _decided(config: Settings, day: date, until: datetime) -> pa.Table:
    # Decided after it was made, or, where the payer's clock runs ahead, less than a day before.
    condition = (
        (pc.field("data") >= pa.scalar(day - timedelta(days=1)))
        & (pc.field("transacao_em") >= _moment(midnight(day)))
        & (pc.field("transacao_em") < _moment(midnight(day, 1)))
        & (pc.field("carimbo_kafka") < _moment(until))
    )
    names = [*KEY, "transacao_em", *_SAID]
    return _with_day(_keyed(rows_where(table(f"silver.{DECISIONS}"), condition, names, config)))


def _keyed(rows: pa.Table) -> pa.Table:
    """Rows whose `id_transacao` begins with the client, where there is one: the same id may be two clients'."""
    whole = pc.coalesce(pc.binary_join_element_wise(rows[CLIENT], rows[_ID], "/"), rows[_ID])
    return rows.drop_columns([CLIENT, _ID]).append_column(_ID, whole)


def _with_day(decisions: pa.Table) -> pa.Table:
    return decisions.append_column("dia", decisions["transacao_em"].cast(pa.date32()))


def _stored(config: Settings, day: date) -> pa.Table:
    """The database's decisions on the day's payments; as tuples a piece of them is in memory at a time."""
    store = Store(config)
    try:
        pieces = [_arrow(rows) for rows in store.between(midnight(day), midnight(day, 1), _STORED.names)]
    except AWAY as problem:
        raise AcudeError(
            f"The decisions' database does not answer ({type(problem).__name__}).",
            "Start the platform with `acude up`, or see `acude status`; elsewhere ACUDE_RISK_DSN names it.",
        ) from None
    finally:
        store.close()
    return _with_day(_keyed(pa.concat_tables([_STORED.empty_table(), *pieces])))


def _arrow(rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    values = zip(*rows, strict=True)
    return pa.table([pa.array(column, kind) for column, kind in zip(values, _STORED.types, strict=True)], _STORED)


def _again(config: Settings, day: date, until: datetime) -> Iterable[str]:
    """A second decision has the payment's id, with the same or another result: the lake sets both aside.

    It counts by the day on which the broker took it. One that was replayed from the dead letters is no second one.
    """
    end = min(midnight(day, 1), until)
    taken = (pc.field("carimbo_kafka") >= _moment(midnight(day))) & (pc.field("carimbo_kafka") < _moment(end))
    ours = pc.field("topico") == DECISIONS
    for name, condition in (
        ("silver.quarentena", ours & taken & (pc.field("motivo") == "contraditorio")),
        ("silver.duplicatas", ours & between("data", day, day)),
    ):
        rows = rows_where(table(name), condition, ["particao", "deslocamento"], config)
        found = [Coordinate(DECISIONS, *place) for place in columns(rows, "particao", "deslocamento")]
        replayed = _replayed(config, day, found)
        yield from (str(at) for at in found if at not in replayed)


def _replayed(config: Settings, day: date, found: Sequence[Coordinate]) -> set[Coordinate]:
    """Which of these records of a day say that they were sent before."""
    if not found:
        return set()
    near = pc.field("deslocamento").isin([at.offset for at in found]) & (pc.field("topico") == DECISIONS)
    wanted = ["particao", "deslocamento", "cabecalhos"]
    rows = rows_where(table("bronze.eventos"), between("data", day, day) & near, wanted, config)
    places = [Coordinate(DECISIONS, *place) for place in columns(rows, "particao", "deslocamento")]
    return {places[row] for row in origins(rows["cabecalhos"])}


def _sent_money(sent: pa.Table, landed: pa.Table) -> dict[str, Sums]:
    """The ledger beside silver, payments of the ledger's alone: others come by the payment API."""
    ours = landed.filter(_among(landed[_ID], sent["id_evento"]))
    return {
        "ledger": sums_of("pagamentos enviados", arrived(sent, landed[_ID]), "dia", "moeda", "valor"),
        "silver": sums_of("pagamentos enviados", ours, "data", "moeda", "valor"),
    }


def _money(found: Payments) -> dict[str, Sums]:
    due = found.due
    decided, stored = (rows.filter(_among(rows[_ID], due[_ID])) for rows in (found.decided, found.stored))
    return {
        "silver": sums_of("pagamentos", due, "data", "moeda", "valor"),
        "decisões": sums_of("pagamentos", decided, "dia", "moeda", "valor"),
        "postgres": sums_of("pagamentos", stored, "dia", "moeda", "valor"),
    }


def rules(found: Payments) -> list[SetRow]:
    """Every payment has exactly one decision, in the lake and in the database, and both say the same."""
    known, due = found.landed[_ID], found.due[_ID]
    decided, stored = found.decided[_ID], found.stored[_ID]
    settled = found.stored.filter(pc.less(found.stored["decidida_em"], _moment(found.until)))[_ID]
    return [
        _row("Every payment has a decision in the lake", due, _without(due, decided), _WORKER),
        _row("Every decision in the lake is on a payment", decided, _without(decided, known), _DIFFER),
        SetRow(
            *("No payment was decided a second time", len(decided), len(found.again), found.again[:EXAMPLES]),
            *(_BY_PAYMENT, "`acude quarantine show RECORD`, or silver.duplicatas; `acude logs risk-worker`"),
        ),
        _row("Every payment has a decision in the database", due, _without(due, stored), _RECORDER),
        _row("Every decision in the database is on a payment", settled, _without(settled, known), _DIFFER),
        _row("No payment has two decisions in the database", stored, _repeated(stored), _DIFFER),
        _row("Lake and database say the same of each payment", decided, _contradicted(found), _DIFFER),
    ]


def _contradicted(found: Payments) -> pa.Array:
    lake, database = (rows.select([_ID, *_SAID]) for rows in (found.decided, found.stored))
    both = lake.join(database, _ID, right_suffix="_db", join_type="inner")
    differs = [pc.not_equal(both[name], both[f"{name}_db"]) for name in _SAID]
    return both.filter(reduce(pc.or_, differs))[_ID].combine_chunks()


def _among(ids: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(ids, others.combine_chunks())


def _without(ids: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.Array:
    return ids.filter(pc.invert(_among(ids, others))).combine_chunks()


def _repeated(ids: pa.ChunkedArray) -> pa.Array:
    counted = ids.combine_chunks().value_counts()
    return counted.field("values").filter(pc.greater(counted.field("counts"), 1))


def _row(rule: str, checked: pa.ChunkedArray, broken: pa.Array, next_step: str) -> SetRow:
    some = tuple(broken.slice(0, EXAMPLES).to_pylist())
    return SetRow(rule, len(checked), len(broken), some, _BY_PAYMENT, next_step)


def _moment(at: datetime) -> pa.Scalar:
    return pa.scalar(at, _TIME)

"""Payments: sent, landed, decided; in the ledger, the lake and the decisions' database, payment by payment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import reduce
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table
from acude.errors import AcudeError
from acude.lake.snapshot import rows_where
from acude.payments.serde import DECISIONS, TOPIC
from acude.payments.store import AWAY, Store
from acude.reconciliation.report import MoneyRow, SetRow, Sums, compare
from acude.reconciliation.sent import arrived, sent_of
from acude.reconciliation.sums import athena, between, columns, summed
from acude.risk.first_decision import CLIENT, KEY, PAYMENT
from acude.settings import Settings

SETTLED: Final = timedelta(minutes=1)
"""A payment this young may still wait for its decision, so it is not compared."""

_EXAMPLES: Final = 3
_ID: Final = PAYMENT
_SAID: Final = {
    "decisao": pa.string(),
    "pontuacao": pa.int32(),
    "valor": pa.decimal128(18, 2),
    "moeda": pa.string(),
}
"""What lake and database must say alike of a decision."""

_TIME: Final = pa.timestamp("us", "UTC")
_STORED: Final = {CLIENT: pa.string(), _ID: pa.string(), "transacao_em": _TIME, "decidida_em": _TIME, **_SAID}


@dataclass(frozen=True)
class Payments:
    """What each place has of some days' payments.

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


def payment_rows(
    config: Settings, first: date, last: date, now: datetime | None = None
) -> tuple[list[MoneyRow], list[SetRow]]:
    """Compares the payments that were made on those days (UTC).

    Args:
        config: where everything is.
        first: first UTC day.
        last: last UTC day, included.
        now: what the clock says, UTC.

    Returns:
        Sums by place, and a row per rule; none where there are no payments.
    """
    until = (now or datetime.now(UTC)) - SETTLED
    sent = sent_of(config, TOPIC, first, between("dia", first, last) & (pc.field("enviado_em") < _moment(until)))
    landed, decided = _landed(config, first, last), _decided(config, first, last, until)
    if not (sent.num_rows or landed.num_rows or decided.num_rows):
        return [], []
    begin, end = _midnight(first), _midnight(last, 1)
    again = tuple(_again(config, begin, min(end, until)))
    found = Payments(landed, decided, again, _stored(config, begin, end), until)
    settled = f"AND carimbo_kafka < TIMESTAMP '{until:%Y-%m-%d %H:%M:%S.%f}'"
    by_athena = athena(config, f"silver.{TOPIC}", "valor", first, last, more=settled, flow="pagamentos")
    return [*_sent_money(sent, found.landed), *_money(found, by_athena)], rules(found)


def _landed(config: Settings, first: date, last: date) -> pa.Table:
    names = [*KEY, "data", "moeda", "valor", "carimbo_kafka"]
    return _keyed(rows_where(table(f"silver.{TOPIC}"), between("data", first, last), names, config))


def _decided(config: Settings, first: date, last: date, until: datetime) -> pa.Table:
    # Decided after it was made, or, where the payer's clock runs ahead, less than a day before.
    condition = (
        (pc.field("data") >= pa.scalar(first - timedelta(days=1)))
        & (pc.field("transacao_em") >= _moment(_midnight(first)))
        & (pc.field("transacao_em") < _moment(_midnight(last, 1)))
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


def _stored(config: Settings, begin: datetime, end: datetime) -> pa.Table:
    """The database's decisions on payments of that time."""
    store = Store(config)
    try:
        rows = store.between(begin, end, list(_STORED))
    except AWAY as problem:
        raise AcudeError(
            f"The decisions' database does not answer ({type(problem).__name__}).",
            "Start the platform with `acude up`, or see `acude status`; elsewhere ACUDE_RISK_DSN names it.",
        ) from None
    finally:
        store.close()
    values = zip(*rows, strict=True) if rows else [()] * len(_STORED)
    arrays = [pa.array(column, kind) for column, kind in zip(values, _STORED.values(), strict=True)]
    return _with_day(_keyed(pa.table(arrays, [*_STORED])))


def _again(config: Settings, begin: datetime, end: datetime) -> Iterable[str]:
    """A second decision has the payment's id, with the same or another result: the lake sets both aside."""
    taken = (pc.field("carimbo_kafka") >= _moment(begin)) & (pc.field("carimbo_kafka") < _moment(end))
    days = between("data", begin.date(), end.date())
    ours = pc.field("topico") == DECISIONS
    for name, condition in (
        ("silver.quarentena", ours & taken & (pc.field("motivo") == "contraditorio")),
        ("silver.duplicatas", ours & days),
    ):
        rows = rows_where(table(name), condition, ["particao", "deslocamento"], config)
        for partition, offset in columns(rows, "particao", "deslocamento"):
            yield f"{DECISIONS}/{partition}/{offset}"


def _sent_money(sent: pa.Table, landed: pa.Table) -> list[MoneyRow]:
    """The ledger beside silver, payments of the ledger's alone: others come by the payment API."""
    if not sent.num_rows:
        return []
    ours = landed.filter(_among(landed[_ID], sent["id_evento"]))
    places = {
        "ledger": summed("pagamentos enviados", columns(arrived(sent, landed[_ID]), "dia", "moeda", "valor")),
        "silver": summed("pagamentos enviados", columns(ours, "data", "moeda", "valor")),
    }
    return compare(places)


def _money(found: Payments, by_athena: Sums) -> list[MoneyRow]:
    due = found.due
    decided, stored = (rows.filter(_among(rows[_ID], due[_ID])) for rows in (found.decided, found.stored))
    places = {
        "silver": summed("pagamentos", columns(due, "data", "moeda", "valor")),
        "athena": by_athena,
        "decisões": summed("pagamentos", columns(decided, "dia", "moeda", "valor")),
        "postgres": summed("pagamentos", columns(stored, "dia", "moeda", "valor")),
    }
    return compare(places)


def rules(found: Payments) -> list[SetRow]:
    """Every payment has exactly one decision, in the lake and in the database, and both say the same."""
    known, due = found.landed[_ID], found.due[_ID]
    decided, stored = found.decided[_ID], found.stored[_ID]
    settled = found.stored.filter(pc.less(found.stored["decidida_em"], _moment(found.until)))[_ID]
    return [
        _row("Every payment has a decision in the lake", due, _without(due, decided)),
        _row("Every decision in the lake is on a payment", decided, _without(decided, known)),
        SetRow("No payment was decided a second time", len(decided), len(found.again), found.again[:_EXAMPLES]),
        _row("Every payment has a decision in the database", due, _without(due, stored)),
        _row("Every decision in the database is on a payment", settled, _without(settled, known)),
        _row("No payment has two decisions in the database", stored, _repeated(stored)),
        _row("Lake and database say the same of each payment", decided, _contradicted(found)),
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


def _row(rule: str, checked: pa.ChunkedArray, broken: pa.Array) -> SetRow:
    return SetRow(rule, len(checked), len(broken), tuple(broken.slice(0, _EXAMPLES).to_pylist()))


def _midnight(day: date, later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=later), clock(), UTC)


def _moment(at: datetime) -> pa.Scalar:
    return pa.scalar(at, _TIME)

"""What the model looks at: numbers of one payment's past, the same ones when it learns and when it decides.

Fifteen are those of the Fraud Detection Handbook; the others say how unusual the amount is for its payer, and what is
known of the terminal. A number that can't be had (no terminal, nothing to compare with, a store that gave no answer) is
NaN: the model has a branch of its own for it, while 0 or -1 would be read as a small number.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache, partial
from math import nan
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from acude.risk.history import HOUR_US, Hours
from acude.risk.payment import Records
from acude.risk.velocity import KEPT_US, LABEL_DELAY_US, WINDOWS, Past

ENTITIES: Final = ("pagador", "terminal")
"""Whose histories the inputs ask for."""

HANDBOOK: Final = 15
"""How many of the inputs, the first ones, are the handbook's."""

_LONG: Final = ("1d", "7d", "30d")
_DAY_US: Final = 86_400_000_000
_NIGHT_ENDS: Final = 6
_SATURDAY: Final = 5
_CENTS: Final = 100
_MOST: Final = 500
"""How many of a payer's latest payments define what is usual; more would only cost time."""
_OUTLIER: Final = 2.5
_HIGH: Final = 2.2
_RECENT_US: Final = 14 * _DAY_US


class Input(NamedTuple):
    """One number of a payment.

    Attributes:
        name: in the model's file, and in capitals a reason code.
        entity: whose past it needs; none for the payment's own.
        of: how it is computed.
        grows: 1 where more of it can only be more suspicious, -1 where less can, 0 where the data decide.
    """

    name: str
    entity: str | None
    of: Callable[[Past], float]
    grows: int = 0


class Usual(NamedTuple):
    """What a payer usually pays, in cents, and the moments (µs) at which they lately paid far more."""

    cents: float
    high: npt.NDArray[np.int64]
    lately: int
    """Payments since the first of those moments."""


class Known(NamedTuple):
    """What has come to light of a terminal's payments of the 30 days that ended before the label's delay."""

    frauds: npt.NDArray[np.int64]
    """Moments."""
    places: npt.NDArray[np.int64]
    """Where the frauds stand among the payments; in an hour of displaced ones, at its end."""
    hours: Hours
    """Displaced payments; they come before the records."""
    rows: Records
    total: int
    """Of payments, with a record or without."""
    streak: int
    """How many of the latest payments are frauds in a row."""

    @property
    def displaced(self) -> int:
        """How many payments have no record any more."""
        return self.total - len(self.rows)


def vector(past: Past) -> npt.NDArray[np.float32]:
    """All inputs of a payment in the order of `NAMES`; NaN where one can't be had."""
    there = {name: past.complete and bool(past.own[name]) for name in ENTITIES}
    return np.array([one.of(past) if one.entity is None or there[one.entity] else nan for one in INPUTS], np.float32)


def valor(past: Past) -> float:
    """Amount in the currency's unit; refunds are negative."""
    return float(past.own["cents"]) / _CENTS


def fim_de_semana(past: Past) -> float:
    """1 on a Saturday or Sunday of the payer's calendar."""
    payment = past.payment
    # Brazil's clocks are behind UTC: a later hour there is an hour of the day before.
    behind = payment.local_hour > payment.timestamp.hour
    return float((payment.timestamp - timedelta(days=behind)).weekday() >= _SATURDAY)


def madrugada(past: Past) -> float:
    """1 before seven in the morning where the payer is."""
    return float(past.payment.local_hour <= _NIGHT_ENDS)


@lru_cache(maxsize=1)
def usual(past: Past) -> Usual | None:
    """What the payer usually pays; several inputs ask for it, so it is kept for the latest payment.

    The mean without amounts of more than 2.5 medians: frauds of the last weeks must not make the next one look usual.
    """
    rows = past.within("pagador", "30d")[-_MOST:]
    cents = rows["cents"]
    ordered = np.sort(cents[cents > 0])
    if not len(ordered):
        return None
    kept = ordered[: int(ordered.searchsorted(_OUTLIER * ordered[len(ordered) // 2], "right"))]
    mean = float(np.add.reduce(kept)) / len(kept)
    at = past.payment.at_us
    begin, end = rows["at"].searchsorted((at - _RECENT_US + 1, at + _RECENT_US)).tolist()
    high = np.flatnonzero(cents[begin:end] > _HIGH * mean)
    return Usual(mean, rows["at"][begin:end][high], end - begin - int(high[0]) if len(high) else 0)


def pagador_valor_relativo(past: Past) -> float:
    """Amount as a multiple of what the payer usually pays."""
    found = usual(past)
    return float(past.own["cents"]) / found.cents if found else nan


def pagador_desvio(past: Past) -> float:
    """Standard deviations above the payer's mean of 30 days."""
    return past.deviation("pagador")


def pagador_altos_14d(past: Past) -> float:
    """Payments of more than 2.2 times the usual in the payer's 14 days around this one."""
    found = usual(past)
    return float(len(found.high)) if found else nan


def pagador_altos_desde(past: Past) -> float:
    """Days since the first of them; 0 where all are dated later."""
    found = usual(past)
    return max(0.0, _days(past, found.high[0])) if found and len(found.high) else nan


def pagador_altos_parte(past: Past) -> float:
    """Their share of the payer's payments since the first of them."""
    found = usual(past)
    return len(found.high) / found.lately if found and found.lately else nan


@lru_cache(maxsize=1)
def known(past: Past) -> Known:
    """What has come to light of the terminal; kept for the latest payment."""
    end = past.payment.at_us - LABEL_DELAY_US
    edges = (end - WINDOWS["30d"], end)
    rows, hours = past.near("terminal"), past.hours("terminal", *edges)
    first, last = rows["at"].searchsorted(edges, "right")
    rows = rows[first:last]
    first, last = past._frauds.searchsorted(edges, "right")
    frauds = past._frauds[first:last]
    displaced = int(hours["count"].sum())
    count = displaced + len(rows)
    if not len(frauds) or not count:
        return Known(frauds[:0], np.empty(0, np.int64), hours, rows, count, 0)
    places = _displaced_places(hours, frauds)
    if len(rows):
        found = rows["at"].searchsorted(frauds)
        places = np.where(rows["at"].take(found, mode="clip") == frauds, displaced + found, places)
    # A store may have lost a payment and still know the fraud.
    stored = places >= 0
    frauds, places = frauds[stored], places[stored]
    in_tail = places == np.arange(count - len(places), count)
    breaks = np.flatnonzero(~in_tail)
    streak = len(places) - 1 - int(breaks[-1]) if len(breaks) else len(places)
    return Known(frauds, places, hours, rows, count, streak)


def _displaced_places(hours: Hours, frauds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where frauds stand among displaced payments, the frauds of an hour at its end; -1 where the hour has none."""
    if not len(hours):
        return np.full(len(frauds), -1, np.int64)
    began = frauds // HOUR_US * HOUR_US
    hour = hours["at"].searchsorted(began)
    known = hours["at"].take(hour, mode="clip") == began
    ends = np.cumsum(hours["count"]).take(hour, mode="clip")
    behind = began.searchsorted(began, "right") - np.arange(len(frauds))
    within = behind <= hours["count"].take(hour, mode="clip")
    return np.where(known & within, ends - behind, -1)


def terminal_fraudes_conhecidas(past: Past) -> float:
    """Known frauds at the terminal."""
    return float(len(known(past).frauds))


def terminal_fraudes_seguidas(past: Past) -> float:
    """Known frauds at the terminal without an honest payment after the first of them."""
    return float(known(past).streak)


def terminal_seguidas_desde(past: Past) -> float:
    """Days since the first of those."""
    found = known(past)
    return _days(past, found.frauds[-found.streak]) if found.streak else nan


def terminal_primeira_fraude(past: Past) -> float:
    """Days since the first known fraud at the terminal."""
    found = known(past)
    return _days(past, found.frauds[0]) if len(found.frauds) else nan


def terminal_ultima_fraude(past: Past) -> float:
    """Days since the last known fraud at the terminal."""
    found = known(past)
    return _days(past, found.frauds[-1]) if len(found.frauds) else nan


def terminal_honestos_depois(past: Past) -> float:
    """Payments at the terminal, known as honest, since its last known fraud."""
    found = known(past)
    return float(found.total - 1 - int(found.places[-1])) if len(found.frauds) else nan


def terminal_parte_desde(past: Past) -> float:
    """Share of frauds among the terminal's known payments since its first known fraud."""
    found = known(past)
    return len(found.frauds) / (found.total - int(found.places[0])) if len(found.frauds) else nan


def terminal_menor_fraude(past: Past) -> float:
    """Smallest amount of a known fraud at the terminal: a fraudster at the terminal takes any amount.

    Of displaced payments no amount is known.
    """
    found = known(past)
    places = found.places[found.places >= found.displaced] - found.displaced
    return float(found.rows["cents"][places].min()) / _CENTS if len(places) else nan


def terminal_ultimo_honesto(past: Past) -> float:
    """Days since the terminal's last payment that is known as honest, or its hour; 37 where none is known."""
    found = known(past)
    honest = found.total - found.streak
    if honest > found.displaced:
        return _days(past, found.rows["at"][honest - found.displaced - 1])
    if honest > 0:
        return _days(past, found.hours["at"][int(np.cumsum(found.hours["count"]).searchsorted(honest))])
    return KEPT_US / _DAY_US


def _days(past: Past, moment: int) -> float:
    return (past.payment.at_us - int(moment)) / _DAY_US


def _windows(entity: str, name: str, of: Callable[[Past, str, str], float], grows: int = 0) -> list[Input]:
    return [Input(f"{entity}_{name}_{window}", entity, partial(_asked, of, entity, window), grows) for window in _LONG]


def _asked(of: Callable[[Past, str, str], float], entity: str, window: str, past: Past) -> float:
    return float(of(past, entity, window))


def _named(entity: str | None, of: Callable[[Past], float], grows: int = 0) -> Input:
    return Input(of.__name__, entity, of, grows)


INPUTS: Final = (
    _named(None, valor, 1),
    _named(None, fim_de_semana),
    _named(None, madrugada),
    *_windows("pagador", "pagamentos", Past.count),
    *_windows("pagador", "media", Past.mean),
    *_windows("terminal", "pagamentos", Past.delayed_count),
    *_windows("terminal", "fraudes", Past.fraud_share, 1),
    _named("pagador", pagador_valor_relativo, 1),
    _named("pagador", pagador_desvio, 1),
    _named("pagador", pagador_altos_14d, 1),
    _named("pagador", pagador_altos_desde),
    _named("pagador", pagador_altos_parte, 1),
    _named("terminal", terminal_fraudes_conhecidas, 1),
    _named("terminal", terminal_fraudes_seguidas, 1),
    _named("terminal", terminal_seguidas_desde),
    _named("terminal", terminal_primeira_fraude),
    _named("terminal", terminal_ultima_fraude, -1),
    _named("terminal", terminal_honestos_depois, -1),
    _named("terminal", terminal_parte_desde, 1),
    _named("terminal", terminal_menor_fraude, -1),
    _named("terminal", terminal_ultimo_honesto, 1),
)
"""In the order of the model's columns."""

NAMES: Final = tuple(one.name for one in INPUTS)

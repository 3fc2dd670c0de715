"""Why a payload is refused: the reasons, and the checks that one payload and a batch of them share."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.column import Variants
from acude.contracts.fields import Refusal, Refused

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST_US = int(EARLIEST.timestamp() * 1_000_000)

_REASONS = (
    ("missing required field", "campo_ausente"),
    ("unknown field", "campo_desconhecido"),
    ("Invalid", "valor_invalido"),
    ("of length", "valor_invalido"),
    ("out of range", "valor_invalido"),
    ("` >=", "valor_invalido"),
    ("` <=", "valor_invalido"),
    ("matching regex", "valor_invalido"),
)


UNREADABLE = (Refused, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of a payload that can't be read."""


def explain(problem: Exception, payload: bytes) -> Refusal:
    """The reason code and sentence of what msgspec said."""
    text = str(problem)
    if isinstance(problem, Refused):
        return problem.refusal
    if isinstance(problem, RecursionError):
        return Refusal("json_invalido", "Nested more deeply than anything can be read")
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as broken:
        return Refusal("utf8_invalido", f"Expected UTF-8, found byte 0x{payload[broken.start]:02x} at {broken.start}")
    if not isinstance(problem, msgspec.ValidationError):
        return Refusal("json_invalido", text)
    for sign, reason in _REASONS:
        if sign in text:
            return Refusal(reason, text)
    return Refusal("tipo_errado", text)


def refuse_repeats(payload: bytes) -> None:
    """Refuses a payload in which a name comes twice. Raises one of `UNREADABLE`: only here the first value is read."""
    # Numbers stay text: Python makes no integer of more than 4,300 digits.
    json.loads(payload, object_pairs_hook=_no_repeats, parse_int=str, parse_float=str)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's pairs as a dict; a name that comes twice is refused."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise Refused("campo_repetido", f"Object contains field `{repeated}` more than once")
    return found


def refuse_wrong_variants(columns: dict[str, pa.Array], variants: Variants, refusals: dict[int, Refusal]) -> None:
    """Finds fields that the value of `variants.by` asks for and that are missing, or that it doesn't know."""
    kinds = columns[variants.by]
    for name in variants.names:
        needed = pc.is_in(kinds, pa.array(variants.needing(name), pa.string()))
        allowed = pc.is_in(kinds, pa.array(variants.allowing(name), pa.string()))
        missing = pc.and_(needed, columns[name].is_null())
        foreign = pc.and_(pc.invert(allowed), columns[name].is_valid())
        for wrong, needed_one in ((missing, True), (foreign, False)):
            for position in np.flatnonzero(wrong).tolist():
                kind = kinds[position].as_py()
                refusals.setdefault(position, _wrong_variant(variants.by, kind, name, needed=needed_one))


def refuse_wrong_variant(fields: dict[str, Any], variants: Variants) -> None:
    """Refuses a payload that lacks a field of its variant, or has one of another."""
    kind = fields[variants.by]
    for name in variants.names:
        if fields[name] is None and kind in variants.needing(name):
            raise Refused(*_wrong_variant(variants.by, kind, name, needed=True))
        if fields[name] is not None and kind not in variants.allowing(name):
            raise Refused(*_wrong_variant(variants.by, kind, name, needed=False))


def _wrong_variant(by: str, kind: str, name: str, *, needed: bool) -> Refusal:
    if needed:
        return Refusal("campo_ausente", f"{by} {kind} needs field `{name}`")
    return Refusal("campo_desconhecido", f"{by} {kind} has no field `{name}`")


def card_number(name: str) -> Refusal:
    """A card number in a field for something else."""
    return Refusal("numero_de_cartao", f"Expected no card number - at `$.{name}`")


def wrong_document(name: str) -> Refusal:
    """A CPF or CNPJ with wrong check digits."""
    return Refusal("documento_invalido", f"Wrong check digits - at `$.{name}`")


@dataclass(frozen=True)
class TimeBounds:
    """Where a time may lie, seen from the moment at which the broker took the record.

    Attributes:
        ahead: how long after it.
        behind: how long before it; None: since 2000.
    """

    ahead: timedelta = DAY
    behind: timedelta | None = None

    def refuse(self, name: str, moment: datetime | None, taken_at: datetime) -> None:
        """Refuses a time outside."""
        if moment is not None and not self._earliest(taken_at) <= moment <= taken_at + self.ahead:
            raise Refused(*self.refusal(name, moment))

    def outside(self, micros: npt.NDArray[np.int64], taken_at: npt.NDArray[np.int64]) -> list[int]:
        """Positions of the times outside; both in microseconds since 1970, UTC."""
        earliest: Any = _EARLIEST_US
        if self.behind is not None:
            earliest = np.maximum(taken_at - self.behind // _MICROSECOND, _EARLIEST_US)
        return np.flatnonzero((micros < earliest) | (micros > taken_at + self.ahead // _MICROSECOND)).tolist()

    def refusal(self, name: str, found: datetime) -> Refusal:
        """What is said of a time outside."""
        since = "2000-01-01" if self.behind is None else f"{_said(self.behind)} before"
        expected = f"Expected a time from {since} to {_said(self.ahead)} after its arrival"
        return Refusal("tempo_absurdo", f"{expected}, got {found.isoformat()} - at `$.{name}`")

    def _earliest(self, taken_at: datetime) -> datetime:
        return EARLIEST if self.behind is None else max(EARLIEST, taken_at - self.behind)


def _said(length: timedelta) -> str:
    """A length of time in words.

    >>> _said(timedelta(days=1)), _said(timedelta(days=14)), _said(timedelta(minutes=5))
    ('a day', '14 days', '5 minutes')
    """
    if length == DAY:
        return "a day"
    return f"{length.days} days" if length.days else f"{length // timedelta(minutes=1)} minutes"


def beyond_calendar(name: str) -> Refusal:
    """A time that UTC has no date for."""
    return Refusal("tempo_absurdo", f"Expected a time of the years 1 to 9999 in UTC - at `$.{name}`")


def utc(name: str, moment: datetime | None) -> datetime | None:
    """A time without a zone is UTC."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise Refused(*beyond_calendar(name)) from None


def wrong_size(payload: bytes | None, limit: int) -> Refused:
    """An empty payload, or one of too many bytes."""
    if not payload:
        return Refused("vazio", "Expected a JSON object, found no bytes")
    return Refused("grande_demais", f"Expected at most {limit} bytes, found {len(payload)}")

"""Reads a topic's payloads strictly: what the contract doesn't name exactly is refused with a reason.

Spark's `from_json` turns numbers into text, drops unknown fields and ignores what follows the object. So payloads
are decoded by msgspec into a struct made from the contract: exact JSON types, no unknown or repeated field, no
trailing bytes, RFC 3339 times, bounds and allowed values.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import Column, Contract

_EARLIEST_US = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
_DAY_US = 86_400_000_000
_INT_BOUNDS = {"int": 2**31 - 1, "bigint": 2**63 - 1}
_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


class Refusal(NamedTuple):
    """Why a payload is not an event: a reason code of `silver.quarentena` and a sentence."""

    reason: str
    detail: str


class Refused(ValueError):  # noqa: N818 - no fault of the program
    """A payload that does not fit; carries its `Refusal`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


@dataclass(frozen=True)
class Decoded:
    """The fields of a batch, aligned with its payloads; a refused payload has nulls everywhere.

    fields: struct array of the contract's columns. day: date32, UTC day of the event time. late: booleans.
    refusals: position in the batch -> why.
    """

    fields: pa.StructArray
    day: pa.Date32Array
    late: pa.BooleanArray
    refusals: dict[int, Refusal]


def arrow_type(column: Column) -> pa.DataType:
    """Arrow type of one field."""
    return pa.decimal128(*column.decimal) if column.decimal else _ARROW[column.type]


def _field_type(column: Column) -> Any:  # noqa: ANN401 - a type expression
    """The msgspec type that accepts exactly the JSON values that the contract allows."""
    if column.decimal:
        # The digits as they stand: through a float they would change. Raw takes a null, too, and allows no union.
        return msgspec.Raw
    accepted: Any
    if column.values:
        accepted = Literal[column.values]
    elif column.type == "string":
        accepted = Annotated[str, msgspec.Meta(min_length=column.min_length, max_length=column.max_length)]
    elif column.type in _INT_BOUNDS:
        bound = _INT_BOUNDS[column.type]
        low = int(column.minimum) if column.minimum is not None else -bound - 1
        high = int(column.maximum) if column.maximum is not None else bound
        accepted = Annotated[int, msgspec.Meta(ge=low, le=high)]
    else:
        accepted = {"timestamp": datetime, "boolean": bool, "double": float}[column.type]
    return accepted if column.required else accepted | None


DecimalReader = Callable[[msgspec.Raw], Decimal | None]


def _decimal_reader(column: Column) -> DecimalReader:
    precision, scale = column.decimal or (0, 0)

    def read(raw: msgspec.Raw) -> Decimal | None:
        text = bytes(raw).decode()
        if text == "null":
            if column.required:
                raise Refused("tipo_errado", f"Expected a number, got null - at `$.{column.name}`")
            return None
        if text[0] not in "-0123456789":
            raise Refused("tipo_errado", f"Expected a number, got {text[:20]} - at `$.{column.name}`")
        try:
            value = Decimal(text)
        except InvalidOperation as problem:
            raise Refused("valor_invalido", f"Expected a number, got {text[:40]} - at `$.{column.name}`") from problem
        exponent = value.normalize().as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > scale or (value and value.adjusted() >= precision - scale):
            raise Refused("valor_invalido", f"Expected {column.type}, got {text[:40]} - at `$.{column.name}`")
        if (column.minimum is not None and value < column.minimum) or (
            column.maximum is not None and value > column.maximum
        ):
            raise Refused(
                "valor_invalido", f"Expected a number >= {column.minimum}, got {text[:40]} - at `$.{column.name}`"
            )
        return value

    return read


_REASONS = (
    ("missing required field", "campo_ausente"),
    ("unknown field", "campo_desconhecido"),
    ("Invalid", "valor_invalido"),
    ("of length", "valor_invalido"),
    ("out of range", "valor_invalido"),
    ("`int` >=", "valor_invalido"),
    ("`int` <=", "valor_invalido"),
)


def _explain(problem: Exception, payload: bytes) -> Refusal:
    """The reason code and sentence of what msgspec said."""
    text = str(problem)
    if isinstance(problem, Refused):
        return problem.refusal
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


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise Refused("campo_repetido", f"Object contains field `{name}` more than once")
    return dict(pairs)


class Decoder:
    """Decodes the payloads of one topic."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.fields = [pa.field(column.name, arrow_type(column)) for column in contract.columns]
        # Required fields first: Python wants those without a default before the others.
        ordered = sorted(contract.columns, key=lambda column: not column.required)
        self._order = [ordered.index(column) for column in contract.columns]
        struct = msgspec.defstruct(
            "Event",
            [(c.name, _field_type(c)) if c.required else (c.name, _field_type(c), None) for c in ordered],
            forbid_unknown_fields=True,
            gc=False,
        )
        self._nothing: tuple[Any, ...] = (None,) * len(ordered)
        self._decode = msgspec.json.Decoder(struct).decode
        self._decimals = {i: _decimal_reader(c) for i, c in enumerate(ordered) if c.decimal}
        self._texts = [i for i, c in enumerate(contract.columns) if c.type in {"string", "timestamp"}]
        self._event_time = contract.column_names.index(contract.event_time or "timestamp")

    def decode(self, payloads: pa.BinaryArray, taken_at: pa.TimestampArray) -> Decoded:
        """Decodes a batch.

        Args:
            payloads: the records' values; null or empty is refused as `vazio`.
            taken_at: the broker's time stamps, microseconds UTC, one a payload.
        """
        rows: list[tuple[Any, ...]] = []
        refusals: dict[int, Refusal] = {}
        decode, limit = self._decode, self.contract.max_bytes
        astuple = msgspec.structs.astuple
        # This loop is the stream's hottest: what can be checked for the whole batch at once is checked below.
        for position, payload in enumerate(payloads.to_pylist()):
            try:
                if not payload or len(payload) > limit:
                    raise _wrong_size(payload, limit)
                row = astuple(decode(payload))
            except (Refused, msgspec.DecodeError, UnicodeDecodeError) as problem:
                refusals[position] = _explain(problem, payload or b"")
                row = self._nothing
            rows.append(row)
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True)) or [()] * len(self.fields)
        for at, read in self._decimals.items():
            columns[at] = list(_decimals(columns[at], read, refusals))
        arrays = [pa.array(columns[i], type=field.type) for i, field in zip(self._order, self.fields, strict=True)]
        moments = arrays[self._event_time].cast(pa.int64()).to_numpy(zero_copy_only=False)
        self._refuse_repeats(payloads, arrays, refusals)
        self._refuse_absurd_times(moments, taken_at, refusals)
        return self._aligned(arrays, taken_at, refusals)

    def _refuse_repeats(self, payloads: pa.BinaryArray, arrays: list[pa.Array], refusals: dict[int, Refusal]) -> None:
        """Finds repeated fields, of which the parser would silently take the last.

        An object without escapes, nulls and repeats has two quotes for each field and two for each text; whatever has
        another number is read again the slow way.
        """
        present = sum(np.asarray(array.is_valid(), dtype=np.int32) for array in arrays)
        texts = sum(np.asarray(arrays[i].is_valid(), dtype=np.int32) for i in self._texts)
        quotes = np.nan_to_num(pc.count_substring(payloads, '"').to_numpy(zero_copy_only=False))
        escaped = pc.match_substring(payloads, "\\").fill_null(False).to_numpy(zero_copy_only=False)
        for position in np.flatnonzero((quotes != 2 * (present + texts)) | escaped).tolist():
            if position not in refusals:
                try:
                    json.loads(payloads[position].as_py(), object_pairs_hook=_no_repeats)
                except Refused as problem:
                    refusals[position] = problem.refusal

    def _refuse_absurd_times(
        self, moments: npt.NDArray[np.float64], taken_at: pa.TimestampArray, refusals: dict[int, Refusal]
    ) -> None:
        latest = taken_at.cast(pa.int64()).to_numpy() + _DAY_US
        with np.errstate(invalid="ignore"):
            absurd = (moments < _EARLIEST_US) | (moments > latest)
        for position in np.flatnonzero(absurd).tolist():
            if position not in refusals:
                found = datetime.fromtimestamp(moments[position] / 1e6, tz=UTC).isoformat()
                refusals[position] = Refusal(
                    "tempo_absurdo", f"Expected a time from 2000-01-01 to a day after its arrival, got {found}"
                )

    def _aligned(self, arrays: list[pa.Array], taken_at: pa.TimestampArray, refusals: dict[int, Refusal]) -> Decoded:
        fields = pa.StructArray.from_arrays(arrays, fields=self.fields)
        if refusals:
            index = np.arange(len(fields), dtype=np.int64)
            fields = fields.take(pa.array(index, mask=np.isin(index, list(refusals))))
        moments = fields.field(self._event_time)
        delay = pc.subtract(taken_at.cast(pa.int64()), moments.cast(pa.int64()))
        lateness = self.contract.lateness
        late = pc.greater(delay, int(lateness.total_seconds() * 1e6)) if lateness else pc.less(delay, -(2**62))
        return Decoded(fields, moments.cast(pa.date32()), late, refusals)


def _wrong_size(payload: bytes | None, limit: int) -> Refused:
    if not payload:
        return Refused("vazio", "Expected a JSON object, found no bytes")
    return Refused("grande_demais", f"Expected at most {limit} bytes, found {len(payload)}")


def _decimals(
    values: Iterable[msgspec.Raw | None], read: DecimalReader, refusals: dict[int, Refusal]
) -> Iterator[Decimal | None]:
    """A column of raw numbers as decimals; what is none is refused and null."""
    for position, raw in enumerate(values):
        value = None
        if raw is not None:
            try:
                value = read(raw)
            except Refused as problem:
                refusals.setdefault(position, problem.refusal)
        yield value

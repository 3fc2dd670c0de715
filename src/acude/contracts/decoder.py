"""Reads a topic's payloads strictly: what the contract doesn't name exactly is refused with a reason.

Spark's `from_json` turns numbers into text, drops unknown fields and ignores what follows the object. So payloads
are decoded by msgspec into a struct made from the contract: exact JSON types, no unknown or repeated field, no
trailing bytes, RFC 3339 times, bounds and allowed values.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.addresses import address, addresses
from acude.contracts.arrow import arrow_type
from acude.contracts.documents import Tokens
from acude.contracts.fields import DecimalReader, Refusal, Refused, decimal_reader, field_type
from acude.contracts.model import Contract
from acude.contracts.personal import has_card, without_documents
from acude.contracts.refusals import (
    EARLIEST,
    UNREADABLE,
    TimeBounds,
    beyond_calendar,
    card_number,
    explain,
    refuse_repeats,
    refuse_wrong_variant,
    refuse_wrong_variants,
    utc,
    wrong_document,
    wrong_size,
)
from acude.contracts.searched import searched, searched_lists
from acude.personal_numbers import SHORTEST, SUSPECT, is_document

_Texts = TypeVar("_Texts", pa.StringArray, pa.ListArray)
_Search = Callable[[_Texts, Callable[[str], str] | None], tuple[_Texts, list[int]]]
_SUSPECT = re.compile(SUSPECT)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_US = int(EARLIEST.timestamp() * 1_000_000)
_FIRST_US, _BEYOND_US = -62_135_596_800_000_000, 253_402_300_800_000_000
"""Midnight of the years 1 and 10000, UTC."""


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


class Decoder:
    """Decodes the payloads of one topic.

    Args:
        contract: the topic's.
        tokens: makes what stands in a document's place; None leaves the documents as they are.

    Texts that anybody may fill are searched for numbers that don't belong there (`acude.contracts.personal`).
    """

    def __init__(self, contract: Contract, tokens: Tokens | None = None) -> None:
        self.contract = contract
        self._tokens = tokens
        self.fields = [pa.field(column.name, arrow_type(column)) for column in contract.columns]
        # Required fields first: Python wants those without a default before the others.
        ordered = sorted(contract.columns, key=lambda column: not column.required)
        self._order = [ordered.index(column) for column in contract.columns]
        struct = msgspec.defstruct(
            "Event",
            [(c.name, field_type(c)) if c.required else (c.name, field_type(c), None) for c in ordered],
            forbid_unknown_fields=True,
            gc=False,
        )
        self._nothing: tuple[Any, ...] = (None,) * len(ordered)
        self._decode = msgspec.json.Decoder(struct).decode
        self._decimals = {i: decimal_reader(c) for i, c in enumerate(ordered) if c.decimal}
        self._texts = [i for i, c in enumerate(contract.columns) if c.type in {"string", "timestamp", "date"}]
        self._event_time = contract.column_names.index(contract.event_time or "timestamp")
        self._names = [column.name for column in ordered]
        self._bounded = {
            contract.column_names[self._event_time]: TimeBounds(contract.ahead, contract.behind),
            **dict.fromkeys(contract.bounded_times, TimeBounds()),
        }
        self._moments = [column.name for column in contract.columns if column.type == "timestamp"]
        self._quoted = frozenset(contract.columns[i].name for i in self._texts)
        self._lists = [column.name for column in contract.columns if column.type == "array<string>"]
        self._addresses = [column.name for column in contract.columns if column.format == "ip"]
        self._free = [name for name in contract.free_texts if name not in self._addresses]
        self._free_lists = [name for name in self._lists if not contract.column(name).values]

    def decode(self, payloads: pa.BinaryArray, taken_at: pa.TimestampArray) -> Decoded:
        """Decodes a batch.

        Args:
            payloads: the records' values; null or empty is refused as `vazio`.
            taken_at: the broker's timestamps, microseconds UTC, one per payload.
        """
        rows: list[tuple[Any, ...]] = []
        refusals: dict[int, Refusal] = {}
        decode, limit = self._decode, self.contract.max_bytes
        astuple = msgspec.structs.astuple
        # This loop is the stream's hottest: what can be checked for the whole batch at once is checked below.
        for position, payload in enumerate(payloads.to_pylist()):
            try:
                if not payload or len(payload) > limit:
                    raise wrong_size(payload, limit)
                row = astuple(decode(payload))
            except UNREADABLE as problem:
                refusals[position] = explain(problem, payload or b"")
                row = self._nothing
            rows.append(row)
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True)) or [()] * len(self.fields)
        for at, read in self._decimals.items():
            columns[at] = list(_decimals(columns[at], read, payloads, refusals))
        arrays = [pa.array(columns[i], type=field.type) for i, field in zip(self._order, self.fields, strict=True)]
        self._refuse_repeats(payloads, arrays, refusals)
        self._refuse_times_beyond(arrays, refusals)
        named = dict(zip(self.contract.column_names, arrays, strict=True))
        self._refuse_absurd_times(named, taken_at, refusals)
        if self.contract.variants:
            refuse_wrong_variants(named, self.contract.variants, refusals)
        for name in self.contract.documents:
            arrays[self.contract.column_names.index(name)] = self._documents(name, named[name], refusals)
        for name in self._addresses:
            arrays[self.contract.column_names.index(name)] = addresses(name, named[name], refusals)
        for name in self._free:
            arrays[self.contract.column_names.index(name)] = self._free_text(name, named[name], refusals, searched)
        for name in self._free_lists:
            arrays[self.contract.column_names.index(name)] = self._free_text(
                name, named[name], refusals, searched_lists
            )
        return self._aligned(arrays, taken_at, refusals)

    def one(self, payload: bytes | None, taken_at: datetime) -> dict[str, Any]:
        """One payload's fields by name, with the same checks as `decode`, without Arrow: faster for a single payload.

        Documents in the fields that are for them stay in clear: what decides a payment asks an external list.

        Args:
            payload: the record's value.
            taken_at: the broker's timestamp, UTC.

        Raises:
            Refused: it is no event; says why.
        """
        try:
            if not payload or len(payload) > self.contract.max_bytes:
                raise wrong_size(payload, self.contract.max_bytes)
            fields = dict(zip(self._names, msgspec.structs.astuple(self._decode(payload)), strict=True))
            for place, read in self._decimals.items():
                raw = fields[self._names[place]]
                fields[self._names[place]] = None if raw is None else read(raw)
            present = [name for name, value in fields.items() if value is not None]
            texts = sum(name in self._quoted for name in present) + sum(len(fields[name] or ()) for name in self._lists)
            quotes = 2 * (len(present) + texts)
            if payload.count(b'"') != quotes or b"\\" in payload:
                refuse_repeats(payload)
        except UNREADABLE as problem:
            raise Refused(*explain(problem, payload or b"")) from None
        for name in self._moments:
            fields[name] = utc(name, fields[name])
        for name, bounds in self._bounded.items():
            bounds.refuse(name, fields[name], taken_at)
        if self.contract.variants:
            refuse_wrong_variant(fields, self.contract.variants)
        for name in self.contract.documents:
            if fields[name] is not None and not is_document(fields[name]):
                raise Refused(*wrong_document(name))
        return (
            fields
            | {name: address(name, fields[name]) for name in self._addresses}
            | {name: self._text(name, fields[name]) for name in self._free if fields[name]}
            | self._listed(fields)
        )

    def _listed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The lists of texts, each text searched."""
        present = [name for name in self._free_lists if fields[name]]
        return {name: [self._text(name, text) for text in fields[name]] for name in present}

    def _text(self, name: str, text: str) -> str:
        """A free text with a token where it holds a document; a card number is refused."""
        if len(text) < SHORTEST or not _SUSPECT.search(text):
            return text
        if name not in self.contract.own_numbers and has_card(text):
            raise Refused(*card_number(name))
        return without_documents(text, self._tokens.of) if self._tokens else text

    def _refuse_repeats(self, payloads: pa.BinaryArray, arrays: list[pa.Array], refusals: dict[int, Refusal]) -> None:
        """Finds repeated fields, of which the parser would silently take the last.

        An object without escapes, nulls and repeats has two quotes for each field and two for each text, those in lists
        among them; whatever has another number is read again the slow way.
        """
        present = sum(np.asarray(array.is_valid(), dtype=np.int32) for array in arrays)
        texts = sum(np.asarray(arrays[i].is_valid(), dtype=np.int32) for i in self._texts)
        for name in self._lists:
            texts += pc.list_value_length(arrays[self.contract.column_names.index(name)]).fill_null(0).to_numpy()
        quotes = np.nan_to_num(pc.count_substring(payloads, '"').to_numpy(zero_copy_only=False))
        escaped = pc.match_substring(payloads, "\\").fill_null(False).to_numpy(zero_copy_only=False)
        for position in np.flatnonzero((quotes != 2 * (present + texts)) | escaped).tolist():
            if position not in refusals:
                payload = payloads[position].as_py()
                try:
                    refuse_repeats(payload)
                except UNREADABLE as problem:
                    refusals[position] = explain(problem, payload)

    def _refuse_times_beyond(self, arrays: list[pa.Array], refusals: dict[int, Refusal]) -> None:
        """Finds times that exist in their own zone's calendar and not in UTC's: no engine can hold them."""
        for name in self._moments:
            micros = _micros(arrays[self.contract.column_names.index(name)])
            for position in np.flatnonzero((micros < _FIRST_US) | (micros >= _BEYOND_US)).tolist():
                refusals.setdefault(position, beyond_calendar(name))

    def _documents(self, name: str, column: pa.StringArray, refusals: dict[int, Refusal]) -> pa.StringArray:
        """The column with tokens; wrong check digits are refused."""
        found = column.to_pylist()
        for position, text in enumerate(found):
            if text is not None and not is_document(text):
                refusals.setdefault(position, wrong_document(name))
        return pa.array([text and self._tokens.of(text) for text in found], pa.string()) if self._tokens else column

    def _free_text(self, name: str, column: _Texts, refusals: dict[int, Refusal], search: _Search[_Texts]) -> _Texts:
        """The column with tokens where a text holds a document; a card number is refused."""
        found, cards = search(column, self._tokens.of if self._tokens else None)
        if name not in self.contract.own_numbers:
            for position in cards:
                refusals.setdefault(position, card_number(name))
        return found

    def _refuse_absurd_times(
        self, named: dict[str, pa.Array], taken_at: pa.TimestampArray, refusals: dict[int, Refusal]
    ) -> None:
        arrived = taken_at.cast(pa.int64()).to_numpy()
        for name, bounds in self._bounded.items():
            micros = _micros(named[name])
            for position in bounds.outside(micros, arrived):
                # A null's place was filled with a time of its own.
                if position not in refusals and named[name][position].is_valid:
                    refusals[position] = bounds.refusal(name, _EPOCH + timedelta(microseconds=int(micros[position])))

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


def _micros(times: pa.TimestampArray) -> npt.NDArray[np.int64]:
    """A column of times in microseconds. A null becomes a time that no check refuses: numpy would make all floats."""
    found: npt.NDArray[np.int64] = times.cast(pa.int64()).fill_null(_EARLIEST_US).to_numpy()
    return found


def _decimals(
    values: Iterable[msgspec.Raw | None], read: DecimalReader, payloads: pa.BinaryArray, refusals: dict[int, Refusal]
) -> Iterator[Decimal | None]:
    """A column of raw numbers as decimals; a value that is no number is refused and null."""
    for position, raw in enumerate(values):
        value = None
        if raw is not None:
            try:
                value = read(raw)
            except UNREADABLE as problem:
                refusals.setdefault(position, explain(problem, payloads[position].as_py()))
        yield value

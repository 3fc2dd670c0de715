"""The hash of a table's content: the same for the same rows, in any order and from any engine.

Definition, so that any client can compute it. Each value becomes text: null is `-`, anything else is `+` and then
the string itself, an integer's digits, a decimal with all digits of its contract's scale, a date as `YYYY-MM-DD`, a
timestamp as microseconds since 1970 UTC, `true` or `false`. A row's text is its values in the contract's order, joined
by U+001F; its digest is SHA-256 over UTF-8. The hash is `<rows>-<a>-<b>`: the number of rows and, in lower-case
hexadecimal, the sums over all rows of the digest's first and of its second 15 hexadecimal digits.
"""

from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.arrow import arrow_type, plain_decimals
from acude.contracts.column import Column
from acude.contracts.model import Contract

_SEPARATOR = "\x1f"
_DIGITS = 15
"""60 bits: their sum over 10^20 rows still fits SQL's widest decimal."""


def content_hash_of(rows: pa.Table, contract: Contract) -> str:
    """Hash of rows in memory.

    Args:
        rows: the contract's columns with the contract's types, in any order.
        contract: says which columns count, and their types.
    """
    content = Content(contract)
    content.add(rows)
    return content.hash


@dataclass
class Content:
    """The same hash over rows that come piece by piece.

    Attributes:
        contract: says which columns count, and their types.
        rows: how many were added.
    """

    contract: Contract
    rows: int = 0
    _a: int = 0
    _b: int = 0

    def add(self, rows: pa.Table) -> None:
        """Adds a piece: the contract's columns with the contract's types, in any order."""
        texts = [_text(rows.column(column.name), column) for column in self.contract.columns]
        for text in pc.binary_join_element_wise(*texts, _SEPARATOR).to_pylist():
            digest = sha256(text.encode()).hexdigest()
            self._a += int(digest[:_DIGITS], 16)
            self._b += int(digest[_DIGITS : 2 * _DIGITS], 16)
        self.rows += rows.num_rows

    @property
    def state(self) -> tuple[int, int, int]:
        """Rows and the two sums, for `merge`."""
        return self.rows, self._a, self._b

    def merge(self, rows: int, a: int, b: int) -> None:
        """Adds what was counted elsewhere."""
        self.rows, self._a, self._b = self.rows + rows, self._a + a, self._b + b

    @property
    def hash(self) -> str:
        """The hash of what was added."""
        return _rendered(self.rows, self._a, self._b)


def _rendered(rows: int, a: int, b: int) -> str:
    return f"{rows}-{a:x}-{b:x}"


def _text(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    match column.type:
        case "string":
            text = values.cast(pa.string())
        case "timestamp":
            text = values.cast(arrow_type(column)).cast(pa.int64()).cast(pa.string())
        case _ if column.decimal:
            text = plain_decimals(values.cast(arrow_type(column)))
        case _ if _plain(column):
            text = values.cast(arrow_type(column)).cast(pa.string())
        case _:
            raise TypeError(f"column {column.name}: the content hash has no text form for {column.type}")
    return pc.fill_null(pc.binary_join_element_wise("+", text, ""), "-")


def _plain(column: Column) -> bool:
    return column.type in {"int", "bigint", "boolean", "date"} or column.decimal is not None

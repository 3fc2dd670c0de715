"""Tells the same sales under two names: a hash of lines in their order, without where they came from."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

from acude.inbox.layout import FIELDS

_FACTOR = 0x9E3779B97F4A7C15
"""Odd, so that no digit of a line's hash is lost in the product."""

_BITS = 2**64


class Fingerprint:
    """The hash of lines that come piece by piece. Those of a file's pieces make that of the file, wherever it was cut.

    It is the polynomial of the lines' own hashes: what stands before is multiplied once for each line behind it.
    """

    def __init__(self, rows: int = 0, value: int = 0) -> None:
        self.rows = rows
        self.value = value

    def add(self, lines: pa.Table) -> None:
        """Adds lines that stand behind those so far."""
        if not lines.num_rows:
            return
        # No text holds a zero byte: lines whose fields differ have other texts.
        texts = pc.binary_join_element_wise(
            *(lines[name] for name in ("leiaute", *FIELDS)), "\0", null_handling="replace", null_replacement="\0-"
        )
        hashes = hash_array(texts.to_numpy(), categorize=False)
        factors = np.full(len(hashes), _FACTOR, np.uint64)
        factors[0] = 1
        factors = np.cumprod(factors, dtype=np.uint64)[::-1]
        self.append(Fingerprint(len(hashes), int(np.sum(hashes * factors, dtype=np.uint64))))

    def append(self, behind: "Fingerprint") -> None:
        """Adds what was found of the lines behind those so far."""
        self.value = (self.value * pow(_FACTOR, behind.rows, _BITS) + behind.value) % _BITS
        self.rows += behind.rows

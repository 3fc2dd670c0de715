"""Fields of internet addresses: each gets its one spelling, and what is none is refused."""

from functools import lru_cache

import pyarrow as pa

from acude.addresses import canonical
from acude.contracts.fields import Refusal, Refused

_canonical = lru_cache(maxsize=65_536)(canonical)


def address(name: str, text: str | None) -> str | None:
    """A field's value.

    Raises:
        Refused: it is no address.
    """
    try:
        return text and _canonical(text)
    except ValueError:
        raise Refused("valor_invalido", f"Expected an internet address - at `$.{name}`") from None


def addresses(name: str, column: pa.StringArray, refusals: dict[int, Refusal]) -> pa.StringArray:
    """The same for a column; a refused value is null."""
    found = column.to_pylist()
    for position, text in enumerate(found):
        try:
            found[position] = address(name, text)
        except Refused as problem:
            refusals.setdefault(position, problem.refusal)
            found[position] = None
    return pa.array(found, pa.string())

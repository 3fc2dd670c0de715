"""What a record that was sent again says of itself: a header names the record that was refused first.

An event without an id gets one from that header, so that the same record is one event however often it is sent again.
"""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from acude.kafka.records import Coordinate

HEADER: Final = "acude-reenvio-de"
"""Header of a record that was sent again: `topico/particao/deslocamento` of the record that was refused first."""

_ID: Final = "reenvio:"


def origin(headers: Iterable[tuple[str, bytes]], topic: str) -> Coordinate | None:
    """The record of that topic that was refused first, None where the headers name none."""
    named = [_parsed(value) for name, value in headers if name == HEADER]
    return named[-1] if named and named[-1] and named[-1].topic == topic else None


def origins(headers: pa.Array | pa.ChunkedArray) -> dict[int, Coordinate]:
    """Which rows were sent again, and the record that was refused first.

    Args:
        headers: bronze's `cabecalhos`.
    """
    whole = headers.combine_chunks() if isinstance(headers, pa.ChunkedArray) else headers
    each = whole.flatten()
    ours = pc.fill_null(pc.equal(each.field("chave"), HEADER), fill_value=False)
    rows, values = (found.filter(ours).to_pylist() for found in (pc.list_parent_indices(whole), each.field("valor")))
    named = {row: _parsed(value) for row, value in zip(rows, values, strict=True)}
    return {row: at for row, at in named.items() if at}


def with_ids(ids: pa.Array, headers: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Event ids, where a record that was sent again has none: `reenvio:` and the record that was refused first."""
    found = origins(headers)
    if not found or not pa.types.is_string(ids.type):
        return ids
    made = pa.array([f"{_ID}{found[row]}" if row in found else None for row in range(len(ids))], pa.string())
    return pc.coalesce(ids, made)


def _parsed(value: bytes | None) -> Coordinate | None:
    try:
        return Coordinate.parse((value or b"").decode())
    except ValueError:
        return None

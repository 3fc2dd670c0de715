"""64-bit hashes of an event's id and of its content, the same in every process and for good."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh64_intdigest

Longs = npt.NDArray[np.int64]

_SEED: Final = 42


def event_hashes(
    contract: str, ids: pa.Array | pa.ChunkedArray, owners: pa.Array | pa.ChunkedArray | None = None
) -> Longs:
    """Hash of each event id within its contract: XXH64, the hash of the contract's name being the seed.

    Args:
        contract: its name.
        ids: the event ids.
        owners: who drew each; an id without an owner has the hash that it had before owners counted.
    """
    seed = xxh64_intdigest(contract.encode(), _SEED)
    if owners is not None:
        # Ids with an owner have no slash.
        ids = pc.coalesce(pc.binary_join_element_wise(owners, ids, "/"), ids)
    found = [xxh64_intdigest(one or b"", seed) for one in ids.cast(pa.binary()).to_pylist()]
    return np.array(found, dtype=np.uint64).view(np.int64)


def content_hashes(fields: pa.StructArray) -> Longs:
    """Hash of each event's fields, however its payload was written.

    A field that is null adds nothing: an event has the same hash after its contract has gained an optional field.

    Args:
        fields: the contract's columns with the contract's types.
    """
    texts = []
    for field, values in zip(fields.type, fields.flatten(), strict=True):
        text = _text(values)
        # With its length, so that no value can pass for the beginning of another field.
        length = pc.binary_length(text).cast(pa.string())
        texts.append(pc.binary_join_element_wise(field.name, length, text, ":"))
    if not texts:
        return np.zeros(len(fields), np.int64)
    # The text in front is never null: Arrow 26 leaves out rows of which every part is skipped.
    whole = pc.binary_join_element_wise("", *texts, "\x1f", null_handling="skip")
    found = [xxh64_intdigest(one or b"", _SEED) for one in whole.cast(pa.binary()).to_pylist()]
    return np.array(found, dtype=np.uint64).view(np.int64)


def _text(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = values.cast(pa.int64() if pa.types.is_timestamp(kind) else pa.int32())
    if pa.types.is_list(kind):
        return pc.binary_join(values, "\x1f")
    return values.cast(pa.string())

"""A column of texts, or of lists of texts, that anybody may fill, searched for numbers that don't belong there."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.personal import has_card, without_documents
from acude.personal_numbers import SUSPECT


def searched(column: pa.StringArray, token: Callable[[str], str] | None) -> tuple[pa.StringArray, list[int]]:
    """The column with tokens where a text is or holds a document, and the places of texts that hold a card number.

    Args:
        column: texts and nulls.
        token: makes a document's token; None leaves documents as they are.
    """
    suspects = np.flatnonzero(pc.match_substring_regex(column, SUSPECT).fill_null(False)).tolist()
    if not suspects:
        return column, []
    texts = column.take(pa.array(suspects)).to_pylist()
    cards = [place for place, text in zip(suspects, texts, strict=True) if has_card(text)]
    if token:
        mask = np.zeros(len(column), np.bool_)
        mask[suspects] = True
        tokens = pa.array([without_documents(text, token) for text in texts], pa.string())
        column = pc.replace_with_mask(column, mask, tokens)
    return column, cards


def searched_lists(column: pa.ListArray, token: Callable[[str], str] | None) -> tuple[pa.ListArray, list[int]]:
    """The same for a column of lists: the places are those of the lists."""
    texts, cards = searched(column.flatten(), token)
    # Decoded columns begin at their first value, and a null has none.
    found = pa.ListArray.from_arrays(column.offsets, texts, mask=column.is_null())
    return found, sorted(set(pc.list_parent_indices(column).take(pa.array(cards, pa.int64())).to_pylist()))

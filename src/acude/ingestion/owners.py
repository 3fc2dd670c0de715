"""Whose an event is: ids of events are each owner's own."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import ID, Contract
from acude.contracts.personal import has_number
from acude.personal_numbers import SUSPECT


def owners_of(contract: Contract, records: pa.Table) -> pa.Array | None:
    """The header that names the events' owner, null without a valid one; None where a field does, or nothing."""
    if not contract.event_owner or contract.event_owner in contract.column_names:
        return None
    headers = records["cabecalhos"].combine_chunks()
    each, parents = headers.flatten(), pc.list_parent_indices(headers).to_numpy(zero_copy_only=False)
    mine = np.flatnonzero(pc.fill_null(pc.equal(each.field("chave"), contract.event_owner), False))
    # Of several headers of one name the last counts, as for the payments' workers.
    last = np.full(records.num_rows, -1)
    last[parents[mine]] = mine
    values = each.field("valor").take(pa.array(last, mask=last < 0))
    valid = pc.fill_null(pc.match_substring_regex(values, f"^{ID}$"), False)
    owners = pc.if_else(valid, values, None).cast(pa.string())
    # As the payments' workers: an owner is nobody's number.
    suspects = np.flatnonzero(pc.fill_null(pc.match_substring_regex(owners, SUSPECT), False))
    numbers = np.zeros(len(owners), np.bool_)
    numbers[[place for place in suspects if has_number(owners[place].as_py())]] = True
    return pc.if_else(pa.array(numbers), None, owners)

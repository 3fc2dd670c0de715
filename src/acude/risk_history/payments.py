"""The tables of payments, of what was decided on them and of what came to light; and the first decision, in Arrow."""

from typing import Final

import pyarrow as pa

from acude.risk.first_decision import KEY, ORDER

PAYMENTS: Final = "silver.transacoes"
DECISIONS: Final = "silver.decisoes_risco"
DISPUTES: Final = "silver.contestacoes"


def first_decisions(decisions: pa.Table) -> pa.Table:
    """The first decision on each payment, with all columns (`acude.risk.first_decision` has the rule).

    Args:
        decisions: rows of silver.decisoes_risco with `KEY` and `ORDER`.
    """
    ordered = decisions.sort_by([(name, "ascending") for name in ORDER])
    numbered = ordered.select(KEY).append_column("row", pa.array(range(len(ordered)), pa.int64()))
    firsts = numbered.group_by(list(KEY), use_threads=False).aggregate([("row", "min")])
    return ordered.take(firsts["row_min"])

"""What the shadow candidate said, out of `silver.comparacoes_sombra`, without Spark."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table
from acude.lake.snapshot import snapshot
from acude.risk.comparison import Cell, Comparison, Label
from acude.settings import Settings

TABLE: Final = "silver.comparacoes_sombra"
_PAIR: Final = ["decisao", "decisao_sombra"]


def shadow_comparison(config: Settings, sha256: str, first: date, last: date | None = None) -> Comparison:
    """The comparison of one candidate with what was decided.

    Args:
        config: where the lake is.
        sha256: the candidate's.
        first: UTC day of the comparisons.
        last: this day included; today where it is left out.
    """
    last = last or datetime.now(UTC).date()
    days = (pc.field("data") >= first) & (pc.field("data") <= last)
    found = snapshot(table(TABLE), config)
    ours = days & (pc.field("sha256_sombra") == sha256)
    return comparison_of(found.where(ours, [*_PAIR, "valor"]) if found else ())


def comparison_of(pieces: Iterable[pa.Table]) -> Comparison:
    """The figures of rows with `decisao`, `decisao_sombra` and `valor`, of which a piece is in memory at a time."""
    counted = [piece.group_by(_PAIR).aggregate([("valor", "sum"), ("valor", "count")]) for piece in pieces]
    if not counted:
        return Comparison([])
    summed = pa.concat_tables(counted).group_by(_PAIR).aggregate([("valor_sum", "sum"), ("valor_count", "sum")])
    cells = zip(*(summed[name].to_pylist() for name in (*_PAIR, "valor_count_sum", "valor_sum_sum")), strict=True)
    return Comparison([Cell(live, shadow, str(Label.UNKNOWN), *amount) for live, shadow, *amount in cells])

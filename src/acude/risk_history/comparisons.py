"""What the shadow candidate said, out of `silver.comparacoes_sombra`, without Spark."""

from datetime import UTC, date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table
from acude.lake.snapshot import rows_where
from acude.risk.comparison import Cell, Comparison, Label
from acude.settings import Settings

TABLE: Final = "silver.comparacoes_sombra"
_COLUMNS: Final = ("decisao", "decisao_sombra", "valor")


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
    return comparison_of(rows_where(table(TABLE), days & (pc.field("sha256_sombra") == sha256), _COLUMNS, config))


def comparison_of(rows: pa.Table) -> Comparison:
    """The figures of rows with `decisao`, `decisao_sombra` and `valor`."""
    counted = rows.group_by(["decisao", "decisao_sombra"]).aggregate([("valor", "sum"), ("valor", "count")])
    return Comparison(
        [
            Cell(row["decisao"], row["decisao_sombra"], str(Label.UNKNOWN), row["valor_count"], row["valor_sum"])
            for row in counted.to_pylist()
        ]
    )

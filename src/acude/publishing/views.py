"""What a suite looks at: a table's rows with derived columns, which its own expectations compare them with.

Great Expectations compares columns; what a rule says is therefore computed a second time, in pandas and Decimal, apart
from the Spark code that made the rows. The table's job has both.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import pandas as pd
import pyarrow as pa

Derive = Callable[[pd.DataFrame], pd.DataFrame]
"""Takes a table's rows, and adds its derived columns."""

Derived = Mapping[str, Derive | None]
"""By full name; a table that isn't there has no derived columns."""


def rows_view(rows: pa.Table, derive: Derive | None) -> pd.DataFrame:
    """The rows in pandas, with the table's derived columns behind its own."""
    frame = rows.to_pandas()
    return derive(frame) if derive else frame


def balance_view(here: dict[str, dict[str, str]], there: dict[str, dict[str, str]]) -> pd.DataFrame:
    """The rows' sums beside those of their source: `moeda`, `medida`, `na_tabela`, `na_fonte`, exact decimals.

    Args:
        here: sums by currency of the rows, as text.
        there: those that their source promises.
    """
    nothing: dict[str, str] = {}
    lines = [
        (currency, measure, _sum(here.get(currency, nothing), measure), _sum(there.get(currency, nothing), measure))
        for currency in sorted(here.keys() | there.keys())
        for measure in ("receita", "quantidade")
    ]
    return pd.DataFrame(lines, columns=["moeda", "medida", "na_tabela", "na_fonte"])


def _sum(sums: dict[str, str], measure: str) -> Decimal:
    return Decimal(sums.get(measure, "0"))

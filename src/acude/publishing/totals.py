"""What is added up over the rows of a staged day, however many tasks write them."""

import json
from decimal import Decimal, localcontext

import pyarrow as pa

from acude.contracts.model import Contract
from acude.lake.content import Content


class Totals:
    """Rows, content hash and sums by currency over rows that come piece by piece, from one task or several."""

    def __init__(self, contract: Contract) -> None:
        self._content = Content(contract)
        self._sums: dict[str, dict[str, Decimal]] = {}

    def add(self, rows: pa.Table) -> None:
        """Looks at rows of the table."""
        self._content.add(rows)
        self._add_sums(sums_by_currency(rows))

    def result(self) -> str:
        """What was found, as JSON."""
        return json.dumps({"content": self._content.state, "sums": self.sums})

    def merge(self, found: str) -> None:
        """Adds the result of another task."""
        state = json.loads(found)
        self._content.merge(*state["content"])
        self._add_sums(state["sums"])

    @property
    def rows(self) -> int:
        """How many."""
        return self._content.rows

    @property
    def hash(self) -> str:
        """Their content hash."""
        return self._content.hash

    @property
    def sums(self) -> dict[str, dict[str, str]]:
        """`receita`, `quantidade` and `linhas` by currency as text, exact."""
        return {c: {name: f"{value:f}" for name, value in one.items()} for c, one in sorted(self._sums.items())}

    def _add_sums(self, sums: dict[str, dict[str, str]]) -> None:
        # Wider than any sum of decimal(38,4): Python would round silently at 28 digits.
        with localcontext(prec=60):
            for currency, one in sums.items():
                total = self._sums.setdefault(currency, {})
                for name, value in one.items():
                    total[name] = total.get(name, Decimal(0)) + Decimal(value)


def sums_by_currency(rows: pa.Table) -> dict[str, dict[str, str]]:
    """`receita`, `quantidade` and `linhas` by currency as text, exact; empty for a table without money."""
    if "moeda" not in rows.column_names:
        return {}
    # As many digits as any sum of them has.
    wide = pa.table(
        {
            "moeda": rows["moeda"],
            **{name: rows[name].cast(pa.decimal256(76, 4)) for name in ("receita", "quantidade")},
        }
    )
    sums = wide.group_by("moeda").aggregate([("receita", "sum"), ("quantidade", "sum"), ([], "count_all")])
    return {
        one["moeda"]: {
            "receita": f"{one['receita_sum']:f}",
            "quantidade": f"{int(one['quantidade_sum'])}",
            "linhas": f"{one['count_all']}",
        }
        for one in sums.sort_by("moeda").to_pylist()
    }

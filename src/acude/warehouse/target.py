"""What is loaded where: the warehouse's tables, each with the lake's table that it mirrors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from acude.contracts.column import Column
from acude.contracts.model import Contract, ContractError, load
from acude.contracts.redshift import room, warehouse_contracts
from acude.warehouse.errors import WarehouseError

LOADS = "cargas"
"""The table that holds a row for each load."""

MONEY = "receita"
"""The column whose sum is compared before a load is published, where a table has it."""


@dataclass(frozen=True)
class WarehouseTable:
    """One table of the warehouse.

    Attributes:
        contract: the table's own contract.
        source: contract of the lake's table; it is partitioned by day (`date`) or month (`string`, YYYY-MM).
    """

    contract: Contract
    source: Contract

    @property
    def name(self) -> str:
        """The table's name in the warehouse."""
        return self.contract.name

    @property
    def staging(self) -> str:
        """Name of the temporary table that a load fills first."""
        return f"carga_{self.name}"

    @property
    def period_column(self) -> str:
        """The source's partition column: what is loaded is one value of it."""
        return self.source.partition_by[0]

    @property
    def has_money(self) -> bool:
        """Whether there is revenue to compare."""
        return MONEY in self.contract.column_names

    @property
    def merges(self) -> bool:
        """Whether the table holds the latest state of each key, not a row for each day."""
        return self.period_column not in self.contract.column_names

    @cached_property
    def clock(self) -> str:
        """The column of a merged table whose time never goes back."""
        return next(column.name for column in self.contract.columns if column.type == "timestamp")

    def period(self, day: date) -> str:
        """The period that holds the day, as the partition column says it: 2026-11-22 or 2026-11."""
        daily = self.source.column(self.period_column).type == "date"
        return day.isoformat() if daily else f"{day:%Y-%m}"


def _source(contract: Contract, everything: dict[str, Contract]) -> Contract:
    """Gold's table of the same name, or else silver's."""
    source = everything.get(f"gold.{contract.name}") or everything.get(f"silver.{contract.name}")
    if source is None:
        raise ContractError(f"redshift.{contract.name}: neither gold nor silver has a table of that name to load from")
    for column in contract.columns:
        if column.name not in source.column_names or source.column(column.name).type != column.type:
            raise ContractError(
                f"redshift.{contract.name}.{column.name} is {column.type}: "
                f"{source.full_name} must have it with that type"
            )
        _refuse_longer_texts(column, source)
    return source


def _refuse_longer_texts(column: Column, source: Contract) -> None:
    """A text that the source may hold and the warehouse can't would fail each load of its day."""
    longest = source.column(column.name).longest
    if column.type == "string" and (longest is None or longest > room(column)):
        raise ContractError(
            f"{source.full_name}.{column.name} may hold {longest or 'any number of'} characters, the warehouse "
            f"{room(column)}: give it a maxLength of at most that, or the warehouse's contract a larger one"
        )


def targets() -> dict[str, WarehouseTable]:
    """All tables that are loaded, by name.

    Raises:
        ContractError: a table that has no source, other columns than it, or less room for a text.
    """
    everything = load()
    loaded = [contract for contract in warehouse_contracts() if contract.name != LOADS]
    return {contract.name: WarehouseTable(contract, _source(contract, everything)) for contract in loaded}


def chosen(tables: Sequence[str] | None) -> list[WarehouseTable]:
    """The named tables, or all.

    Raises:
        WarehouseError: names the table that the warehouse doesn't hold, and those it does.
    """
    known = targets()
    for name in tables or ():
        if name not in known:
            raise WarehouseError(f"The warehouse loads no table {name!r}; it loads {', '.join(known)}.")
    return [known[name] for name in tables] if tables is not None else list(known.values())

"""Which columns a name may mean."""

from dataclasses import dataclass, field

from acude.athena.errors import Place, fail
from acude.athena.nodes import Name
from acude.athena.types import Type
from acude.athena.value import Value


@dataclass(frozen=True)
class Column:
    """One visible column.

    Attributes:
        name: As written where it was named; None for an unnamed expression.
        value: What it yields.
        qualifier: The names that may stand before it, outermost first: ``(catalog, schema, table)`` or ``(alias,)``.
    """

    name: Name | None
    value: Value
    qualifier: tuple[str, ...] = ()

    def answers(self, parts: tuple[Name, ...]) -> bool:
        """Whether these dotted names mean this column."""
        if self.name is None or self.name.key != parts[-1].key:
            return False
        before = tuple(part.key for part in parts[:-1])
        return not before or (len(before) <= len(self.qualifier) and self.qualifier[-len(before) :] == before)


@dataclass
class Scope:
    """The columns of one FROM clause, and the scope around it for correlated subqueries."""

    columns: list[Column] = field(default_factory=list)
    parent: "Scope | None" = None

    def find(self, parts: tuple[Name, ...], place: Place) -> tuple[Value, tuple[Name, ...], "Scope"] | None:
        """The column that the longest prefix of the names means, and the names left over (fields of a row)."""
        for length in range(len(parts), 0, -1):
            found = [column for column in self.columns if column.answers(parts[:length])]
            if len(found) > 1:
                fail("AMBIGUOUS_NAME", f"Column '{'.'.join(p.text for p in parts)}' is ambiguous", place)
            if found:
                return found[0].value, parts[length:], self
        return None


@dataclass(frozen=True)
class Output:
    """One column of a query's result."""

    name: Name | None
    type: Type


@dataclass(frozen=True)
class Plan:
    """A translated query: DuckDB SQL whose columns are c0, c1, … and what they are to the caller."""

    sql: str
    outputs: tuple[Output, ...]

    @property
    def names(self) -> list[str]:
        """Result column names as Athena gives them: ``_col0`` where there is none."""
        return [output.name.text if output.name else f"_col{index}" for index, output in enumerate(self.outputs)]


@dataclass(frozen=True)
class Table:
    """A table of the catalogue as the translator needs it.

    Attributes:
        source: DuckDB SQL that reads it, to stand in FROM.
        columns: Name, SQL over ``source`` and type of each column.
        parts: Catalog, schema and table.
    """

    source: str
    columns: tuple[tuple[Name, str, Type], ...]
    parts: tuple[str, str, str]

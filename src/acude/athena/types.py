"""Trino's types, how they widen into each other, and which DuckDB type carries each."""

from dataclasses import dataclass, field, replace

from acude.athena.errors import Place, fail, unsupported
from acude.athena.nodes import TypeName

MAX_PRECISION = 38


@dataclass(frozen=True)
class Type:
    """A Trino type.

    Attributes:
        kind: ``bigint``, ``varchar``, ``decimal``, ``timestamp``, ``timestamptz``, ``array``, ``interval_day``, …
        precision: Of decimal and of times; the length of varchar (None: unbounded).
        scale: Of decimal.
        items: Element type, key and value types, or field types.
        names: Field names of a row, empty where anonymous.
        zone: The zone in which a ``timestamptz`` is shown. It is known before the query runs, so that the engine needs
            to carry the instant only; two zones never mix in one column.
    """

    kind: str
    precision: int | None = None
    scale: int = 0
    items: tuple["Type", ...] = ()
    names: tuple[str, ...] = field(default=())
    zone: str = field(default="UTC", compare=False)

    def __str__(self) -> str:
        """Trino's name for it."""
        if self.kind == "decimal":
            return f"decimal({self.precision}, {self.scale})"
        if self.kind == "varchar":
            return "varchar" if self.precision is None else f"varchar({self.precision})"
        if self.kind in {"timestamp", "timestamptz"}:
            return f"timestamp({self.precision})" + (" with time zone" if self.kind == "timestamptz" else "")
        if self.kind in _LONG_NAMES:
            return _LONG_NAMES[self.kind]
        if self.kind == "row":
            names = self.names or ("",) * len(self.items)
            return f"row({', '.join(f'{n} {t}'.strip() for n, t in zip(names, self.items, strict=True))})"
        return self.kind + (f"({', '.join(map(str, self.items))})" if self.items else "")

    @property
    def item(self) -> "Type":
        """An array's element type, a map's key type."""
        return self.items[0]

    @property
    def duck(self) -> str:
        """The DuckDB type that carries it."""
        if self.kind == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        if self.kind == "array":
            return f"{self.item.duck}[]"
        if self.kind == "map":
            return f"MAP({self.items[0].duck}, {self.items[1].duck})"
        if self.kind == "row":
            return f"STRUCT({', '.join(f'f{i} {t.duck}' for i, t in enumerate(self.items))})"
        return _DUCK[self.kind]

    def with_zone(self, zone: str) -> "Type":
        """The same type shown in another zone."""
        return replace(self, zone=zone)


_LONG_NAMES = {"interval_day": "interval day to second", "interval_month": "interval year to month"}
_DUCK = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "json": "VARCHAR",
    "interval_day": "BIGINT",  # milliseconds
    "interval_month": "INTEGER",  # months
}

UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
INTERVAL_DAY = Type("interval_day")
INTERVAL_MONTH = Type("interval_month")

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
NUMBERS = (*INTEGERS, "decimal", "real", "double")
FLOATS = ("real", "double")
TIMES = ("date", "timestamp", "timestamptz")


def decimal(precision: int, scale: int) -> Type:
    """Makes a decimal of so many digits, so many of them behind the point."""
    return Type("decimal", precision, scale)


def varchar(length: int | None) -> Type:
    """Makes a varchar of that length, None for an unbounded one."""
    return Type("varchar", length)


def timestamp(precision: int) -> Type:
    """Makes a timestamp with so many digits of a second."""
    return Type("timestamp", precision)


def timestamptz(precision: int, zone: str = "UTC") -> Type:
    """timestamp(precision) with time zone, shown in that zone."""
    return Type("timestamptz", precision, zone=zone)


def array(item: Type) -> Type:
    """Makes an array of that element type."""
    return Type("array", items=(item,))


def map_of(key: Type, value: Type) -> Type:
    """map(key, value)."""
    return Type("map", items=(key, value))


def row(types: tuple[Type, ...], names: tuple[str, ...] = ()) -> Type:
    """Makes a row of these field types."""
    return Type("row", items=types, names=names if any(names) else ())


def as_decimal(found: Type) -> Type:
    """The decimal that holds every value of an integer type; decimals as they are."""
    return found if found.kind == "decimal" else decimal(INTEGER_DIGITS[found.kind], 0)


def common(left: Type, right: Type) -> Type | None:  # noqa: PLR0911
    """The type that both widen to without a cast, or None."""
    if left == right:
        return _same(left, right)
    if left.kind == "unknown" or right.kind == "unknown":
        return right if left.kind == "unknown" else left
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return _common_number(left, right)
    if left.kind == right.kind == "varchar":
        bounded = left.precision is not None and right.precision is not None
        return varchar(max(left.precision or 0, right.precision or 0) if bounded else None)
    if left.kind in TIMES and right.kind in TIMES:
        return _common_time(left, right)
    if left.kind == right.kind and left.kind in {"array", "map", "row"} and len(left.items) == len(right.items):
        items = [common(a, b) for a, b in zip(left.items, right.items, strict=True)]
        names = left.names if left.names == right.names else ()
        known = tuple(item for item in items if item is not None)
        return Type(left.kind, items=known, names=names) if len(known) == len(items) else None
    return None


def _same(left: Type, right: Type) -> Type:
    if left.kind == "timestamptz" and left.zone != right.zone:
        unsupported(f"Mixing the time zones {left.zone} and {right.zone} in one column")
    return left


def _common_number(left: Type, right: Type) -> Type:
    kinds = {left.kind, right.kind}
    if "double" in kinds:
        return DOUBLE
    if "real" in kinds:
        return REAL
    if "decimal" in kinds:
        a, b = as_decimal(left), as_decimal(right)
        scale = max(a.scale, b.scale)
        whole = max((a.precision or 0) - a.scale, (b.precision or 0) - b.scale)
        return decimal(min(MAX_PRECISION, whole + scale), scale)
    return max(left, right, key=lambda found: INTEGERS.index(found.kind))


def _common_time(left: Type, right: Type) -> Type:
    precision = max(left.precision or 0, right.precision or 0)
    if "timestamptz" in {left.kind, right.kind}:
        zones = {found.zone for found in (left, right) if found.kind == "timestamptz"}
        if len(zones) > 1:
            unsupported(f"Mixing the time zones {' and '.join(sorted(zones))} in one column")
        return timestamptz(precision, zones.pop())
    return timestamp(precision)


def common_all(types: list[Type]) -> Type | None:
    """The type that all of them widen to; unknown for none."""
    found: Type | None = UNKNOWN
    for each in types:
        found = common(found, each) if found else None
    return found


def coercible(source: Type, target: Type) -> bool:
    """Whether Trino casts source to target by itself."""
    if source.kind == "timestamptz" and target.kind == "timestamptz":
        return (source.precision or 0) <= (target.precision or 0)
    return common(source, target) == target


def comparable(found: Type) -> bool:
    """Whether values of it may be compared for equality, grouped and made distinct."""
    return all(comparable(item) for item in found.items) and found.kind != "function"


def orderable(found: Type) -> bool:
    """Whether values of it have an order."""
    return found.kind not in {"map", "json", "function"} and all(orderable(item) for item in found.items)


_SIMPLE = {
    "BOOLEAN": BOOLEAN,
    "TINYINT": TINYINT,
    "SMALLINT": SMALLINT,
    "INTEGER": INTEGER,
    "INT": INTEGER,
    "BIGINT": BIGINT,
    "REAL": REAL,
    "DOUBLE": DOUBLE,
    "VARBINARY": VARBINARY,
    "DATE": DATE,
    "JSON": JSON,
    "INTERVAL DAY TO SECOND": INTERVAL_DAY,
    "INTERVAL YEAR TO MONTH": INTERVAL_MONTH,
}
MICROSECONDS = 6


def resolve(written: TypeName) -> Type:  # noqa: PLR0911
    """The type that a query writes.

    Raises:
        QueryError: TYPE_NOT_FOUND for names that Trino doesn't know, NOT_SUPPORTED for types that are not carried.
    """
    base = written.base
    numbers = [param for param in written.params if isinstance(param, int)]
    nested = tuple(resolve(param) for param in written.params if isinstance(param, TypeName))
    if base in _SIMPLE and not written.params:
        return _SIMPLE[base]
    if base == "VARCHAR" and len(numbers) <= 1:
        return varchar(numbers[0] if numbers else None)
    if base in {"DECIMAL", "NUMERIC", "DEC"}:
        return _resolve_decimal(numbers, written.place)
    if base in {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}:
        precision = numbers[0] if numbers else 3
        if precision > MICROSECONDS:
            unsupported(f"A precision of {precision} digits of a second", written.place)
        return timestamptz(precision) if "ZONE" in base else timestamp(precision)
    if base == "ARRAY" and len(nested) == 1:
        return array(nested[0])
    if base == "MAP" and len(nested) == 2:  # noqa: PLR2004
        return map_of(*nested)
    if base == "ROW" and nested:
        return row(nested, written.names)
    if base in {"CHAR", "TIME", "TIME WITH TIME ZONE", "IPADDRESS", "UUID", "HYPERLOGLOG", "QDIGEST", "TDIGEST"}:
        unsupported(f"The type {base.lower()}", written.place)
    return fail("TYPE_NOT_FOUND", f"Unknown type: {base.lower()}", written.place)


def _resolve_decimal(numbers: list[int], place: Place) -> Type:
    precision, scale = ([*numbers, 0] if len(numbers) == 1 else numbers or [MAX_PRECISION, 0])[:2]
    if not 1 <= precision <= MAX_PRECISION or scale > precision:
        fail("INVALID_FUNCTION_ARGUMENT", f"Invalid decimal: DECIMAL({precision}, {scale})", place)
    return decimal(precision, scale)

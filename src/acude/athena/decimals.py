"""Exact decimals where DuckDB's own arithmetic rounds, widens or stops elsewhere than Trino's."""

from acude.athena.types import MAX_PRECISION, Type
from acude.athena.value import raises


def power_of_ten(exponent: int) -> str:
    """10^exponent as a DECIMAL without a fraction."""
    return f"CAST('1{'0' * exponent}' AS DECIMAL({min(exponent + 1, MAX_PRECISION)},0))"


def tiny(scale: int) -> str:
    """10^-scale as a DECIMAL."""
    return "CAST(1 AS DECIMAL(1,0))" if scale == 0 else f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale},{scale}))"


def rescale(sql: str, source: Type, to: Type) -> str:
    """The same number with another precision and a scale that is not smaller."""
    return sql if source == to else f"CAST({sql} AS {to.duck})"


def unscaled(sql: str, scale: int, extra: int = 0) -> str:
    """A decimal's digits as HUGEINT: the number times 10^(scale + extra)."""
    shift = scale + extra
    return f"CAST({sql} AS HUGEINT)" if shift == 0 else f"CAST(({sql} * {power_of_ten(shift)}) AS HUGEINT)"


def from_unscaled(sql: str, to: Type) -> str:
    """A HUGEINT of digits as a decimal of a type."""
    return f"CAST((CAST({sql} AS DECIMAL(38,0)) * {tiny(to.scale)}) AS {to.duck})"


def half_up(numerator: str, denominator: str) -> str:
    """Numerator / denominator of HUGEINTs, rounded half away from zero. The denominator must not be zero."""
    return f"trino_half_up({numerator}, {denominator})"


def divide_decimals(x: str, y: str, a: Type, b: Type, result: Type) -> str:
    """``x / y`` with Trino's scale: the larger of the two, rounded half up."""
    zero = raises("DIVISION_BY_ZERO", "Division by zero")
    top = unscaled(x, a.scale, result.scale + b.scale - a.scale)
    quotient = from_unscaled(half_up(top, unscaled(y, b.scale)), result)
    return f"(CASE WHEN {y} = 0 THEN {zero} ELSE {quotient} END)"


def round_decimal(sql: str, source: Type, to: Type, digits: int) -> str:
    """A decimal rounded half away from zero to that many digits behind the point, in the type ``to``.

    Negative digits round to tens, hundreds, …
    """
    cut = source.scale - digits
    if cut <= 0:
        return f"CAST({sql} AS {to.duck})"
    if cut > MAX_PRECISION:
        return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE CAST(0 AS {to.duck}) END)"
    rounded = half_up(unscaled(sql, source.scale), f"CAST({power_of_ten(cut)} AS HUGEINT)")
    return _back(rounded, digits, to)


def truncate_decimal(sql: str, source: Type, to: Type, digits: int) -> str:
    """A decimal cut after that many digits behind the point, in the type ``to``."""
    cut = source.scale - digits
    if cut <= 0:
        return f"CAST({sql} AS {to.duck})"
    if cut > MAX_PRECISION:
        return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE CAST(0 AS {to.duck}) END)"
    return _back(f"({unscaled(sql, source.scale)} // CAST({power_of_ten(cut)} AS HUGEINT))", digits, to)


def _back(digits_sql: str, digits: int, to: Type) -> str:
    shift = to.scale - digits
    if shift > 0:
        digits_sql = f"({digits_sql} * CAST({power_of_ten(shift)} AS HUGEINT))"
    return from_unscaled(digits_sql, to)


def towards(sql: str, source: Type, to: Type, *, up: bool) -> str:
    """Ceiling or floor of a decimal."""
    if source.scale == 0:
        return f"CAST({sql} AS {to.duck})"
    one = f"CAST({power_of_ten(source.scale)} AS HUGEINT)"
    digits = unscaled(sql, source.scale)
    return from_unscaled(f"trino_{'ceil' if up else 'floor'}_div({digits}, {one})", to)

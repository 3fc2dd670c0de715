"""How a function is declared and found: argument types, result type, and its DuckDB rendering.

``scalar("substr", "varchar(x), bigint -> varchar(x)", "…")`` declares one signature. In a signature ``x``, ``p`` and
``s`` are numbers bound by the arguments, one capital letter is a type variable, ``function(T, U)`` is a lambda.
A name without a declaration doesn't reach the engine.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from acude.athena import types
from acude.athena.nodes import TypeName
from acude.athena.types import Type
from acude.athena.value import Value

Bindings = dict[str, "Type | int | None"]
Result = Callable[[Mapping[str, int]], Type]
Render = str | Callable[[list[Value]], str]
Kind = Literal["scalar", "aggregate", "window"]


@dataclass(frozen=True)
class Pattern:
    """One argument type of a signature."""

    kind: str
    args: tuple["Pattern", ...] = ()

    @property
    def variable(self) -> bool:
        """Whether it is a type variable."""
        return len(self.kind) == 1 and self.kind.isupper()


@dataclass(frozen=True)
class Signature:
    """One declared signature.

    Attributes:
        name: Trino's name, lower-case.
        kind: Where it may be called.
        params: Argument types.
        variadic: Whether the last argument may repeat.
        result: The result's type, computed from the bindings.
        render: DuckDB SQL with ``{0}`` … for the arguments; aggregates also have ``{d}`` (DISTINCT),
            ``{o}`` (ORDER BY) and ``{f}`` (FILTER and OVER).
        check: Which property each type variable must have.
        strict: Whether a null argument makes the result null (what TRY relies on).
    """

    name: str
    kind: Kind
    params: tuple[Pattern, ...]
    variadic: bool
    result: Callable[[Bindings], Type]
    render: Render
    check: str = ""
    strict: bool = True


@dataclass
class Registry:
    """All declared signatures by name."""

    by_name: dict[str, list[Signature]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        kind: Kind,
        name: str,
        signature: str,
        render: Render,
        *,
        result: Result | None = None,
        check: str = "",
        strict: bool = True,
    ) -> None:
        """Declares one signature; ``result`` computes what the part behind the arrow can't say."""
        left, _, right = signature.partition("->")
        params = tuple(_pattern(part) for part in _split(left) if part)
        variadic = left.strip().endswith("...")
        compute = _numbers_first(result) if result else _result(right.strip())
        found = Signature(name, kind, params, variadic, compute, render, check, strict)
        self.by_name[name].append(found)


REGISTRY = Registry()


def scalar(
    name: str, signature: str, render: Render, *, result: Result | None = None, check: str = "", strict: bool = True
) -> None:
    """Declares a scalar function."""
    REGISTRY.add("scalar", name, signature, render, result=result, check=check, strict=strict)


def aggregate(name: str, signature: str, render: Render, *, result: Result | None = None, check: str = "") -> None:
    """Declares an aggregate."""
    REGISTRY.add("aggregate", name, signature, render, result=result, check=check)


def window(name: str, signature: str, render: Render) -> None:
    """Declares a window function."""
    REGISTRY.add("window", name, signature, render)


UNBOUNDED = 2147483647
"""The length of an unbounded varchar where a signature computes with it."""


def _numbers_first(result: Result) -> Callable[[Bindings], Type]:
    def compute(bound: Bindings) -> Type:
        numbers = {name: found for name, found in bound.items() if isinstance(found, int)}
        missing = {name: UNBOUNDED for name, found in bound.items() if found is None}
        found = result(numbers | missing)
        return types.VARCHAR if found.kind == "varchar" and (found.precision or 0) >= UNBOUNDED else found

    return compute


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text.replace("...", ""):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return [*parts, current.strip()]


def _pattern(text: str) -> Pattern:
    match = re.fullmatch(r"([\w ]+?)(?:\((.*)\))?", text.strip())
    if match is None:
        message = f"expected a type in a signature, found {text!r}"
        raise ValueError(message)
    args = tuple(_pattern(part) for part in _split(match[2])) if match[2] else ()
    return Pattern(match[1], args)


def _result(text: str) -> Callable[[Bindings], Type]:
    pattern = _pattern(text)
    return lambda bound: substitute(pattern, bound)


def substitute(pattern: Pattern, bound: Bindings) -> Type:
    """The type that a pattern stands for, once its variables are bound."""
    if pattern.variable:
        found = bound[pattern.kind]
        return found if isinstance(found, Type) else types.UNKNOWN
    if pattern.args and pattern.args[0].kind in bound and not pattern.args[0].variable:
        numbers = [bound[arg.kind] for arg in pattern.args]
        plain = [number if isinstance(number, int) else None for number in numbers]
        return Type(pattern.kind, plain[0], (plain[1] or 0) if len(plain) > 1 else 0, zone=_zone(bound))
    if pattern.kind in {"array", "map", "row"}:
        return Type(pattern.kind, items=tuple(substitute(arg, bound) for arg in pattern.args))
    return concrete(pattern)


def _zone(bound: Bindings) -> str:
    marker = bound.get("zone")
    return marker.zone if isinstance(marker, Type) else "UTC"


def concrete(pattern: Pattern) -> Type:
    """A pattern without variables as a type."""
    base = pattern.kind.upper()
    base = {
        "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
        "INTERVAL_DAY": "INTERVAL DAY TO SECOND",
        "INTERVAL_MONTH": "INTERVAL YEAR TO MONTH",
    }.get(base, base)
    return types.resolve(TypeName(base, tuple(int(arg.kind) for arg in pattern.args)))


def bind(
    signature: Signature, given: Sequence[Type | None], *, exact: bool
) -> tuple[list[Type | None], Bindings] | None:
    """Matches argument types with a signature.

    Args:
        signature: The declared one.
        given: The argument types; None for a lambda.
        exact: Whether only type variables and nulls may adapt.

    Returns:
        The types that the arguments must be widened to and what the variables stand for, or None.
    """
    patterns = list(signature.params)
    if signature.variadic and len(given) >= len(patterns):
        patterns += [patterns[-1]] * (len(given) - len(patterns))
    if len(patterns) != len(given):
        return None
    bound: Bindings = {}
    for pattern, found in zip(patterns, given, strict=True):
        if (found is None) != (pattern.kind == "function"):
            return None
        if found is not None and not _match(pattern, found, bound, exact=exact):
            return None
    if not _allowed(signature.check, bound):
        return None
    targets: list[Type | None] = []
    for pattern, found in zip(patterns, given, strict=True):
        targets.append(None if found is None else _target(pattern, found, bound))
    return targets, bound


def _target(pattern: Pattern, found: Type, bound: Bindings) -> Type:
    if found.kind == pattern.kind and pattern.args and not pattern.args[0].variable and not found.items:
        return found  # varchar(x), decimal(p, s), timestamp(p): as they come
    target = substitute(pattern, bound)
    return target.with_zone(found.zone) if target.kind == found.kind == "timestamptz" else target


def _allowed(check: str, bound: Bindings) -> bool:
    tests = {"orderable": types.orderable, "comparable": types.comparable}
    if not check:
        return True
    if check in tests:
        return all(tests[check](found) for found in bound.values() if isinstance(found, Type))
    allowed = check.split()
    return all(found.kind in allowed for found in bound.values() if isinstance(found, Type))


def _match(pattern: Pattern, found: Type, bound: Bindings, *, exact: bool) -> bool:  # noqa: PLR0911
    if pattern.variable:
        earlier = bound.get(pattern.kind, types.UNKNOWN)
        common = types.common(earlier, found) if isinstance(earlier, Type) else None
        bound[pattern.kind] = common
        return common is not None
    if pattern.kind in {"array", "map", "row"}:
        if found.kind == "unknown":
            return all(_match(arg, types.UNKNOWN, bound, exact=exact) for arg in pattern.args)
        if found.kind != pattern.kind or len(found.items) != len(pattern.args):
            return False
        return all(_match(arg, item, bound, exact=exact) for arg, item in zip(pattern.args, found.items, strict=True))
    if pattern.args and pattern.args[0].kind.islower():
        return _match_numbers(pattern, found, bound, exact=exact)
    wanted = concrete(pattern)
    if found.kind == "timestamptz" and wanted.kind == "timestamptz":
        return types.coercible(found, wanted)
    if exact:
        return found == wanted or found.kind == "unknown" or (found.kind == wanted.kind == "varchar")
    return types.coercible(found, wanted)


def _match_numbers(pattern: Pattern, found: Type, bound: Bindings, *, exact: bool) -> bool:
    names = [arg.kind for arg in pattern.args]
    if found.kind == "unknown":
        values: list[int | None] = [1 if pattern.kind == "decimal" else 0, 0]
    elif found.kind == pattern.kind:
        values = [found.precision, found.scale]
        if found.kind == "timestamptz":
            bound["zone"] = found
    elif pattern.kind == "decimal" and not exact and found.kind in types.INTEGERS:
        values = [types.INTEGER_DIGITS[found.kind], 0]
    else:
        return False
    bound.update(dict(zip(names, values, strict=False)))
    return True

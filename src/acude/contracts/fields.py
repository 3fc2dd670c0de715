"""One field of a payload: the JSON that its contract takes."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from acude.contracts.column import Column

_INT_BOUNDS = {"int": 2**31 - 1, "bigint": 2**63 - 1}


class Refusal(NamedTuple):
    """Why a payload is not an event: a reason code of `silver.quarentena` and a sentence."""

    reason: str
    detail: str


class Refused(ValueError):  # noqa: N818 - no fault of the program
    """A payload that does not fit; carries its `Refusal`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


def field_type(column: Column) -> Any:  # noqa: ANN401 - a type expression
    """The msgspec type that accepts exactly the JSON values that the contract allows."""
    if column.decimal:
        # The digits as they stand: through a float they would change. Raw takes a null, too, and allows no union.
        return msgspec.Raw
    accepted: Any
    if column.values:
        accepted = Literal[column.values]
    elif column.type == "string":
        # To Python `$` is also the place before a last line feed, to JSON Schema the end alone.
        pattern = column.pattern and re.sub(r"\$$", r"\\Z", column.pattern)
        bounds = {"min_length": column.min_length, "max_length": column.max_length, "pattern": pattern}
        accepted = Annotated[str, msgspec.Meta(**bounds)]  # type: ignore[arg-type]
    elif column.type in _INT_BOUNDS:
        bound = _INT_BOUNDS[column.type]
        low = int(column.minimum) if column.minimum is not None else -bound - 1
        high = int(column.maximum) if column.maximum is not None else bound
        accepted = Annotated[int, msgspec.Meta(ge=low, le=high)]
    elif column.type == "double":
        least, most = (None if bound is None else float(bound) for bound in (column.minimum, column.maximum))
        accepted = Annotated[float, msgspec.Meta(ge=least, le=most)]
    else:
        accepted = {"timestamp": datetime, "boolean": bool, "date": date, "array<string>": list[str]}[column.type]
    return accepted if column.required else accepted | None


DecimalReader = Callable[[msgspec.Raw], Decimal | None]


_NUMBER = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?")
"""A JSON number that Decimal may see. Arrow ends the process on zeros with a huge exponent."""


def decimal_reader(column: Column) -> DecimalReader:
    """Reads a decimal field exactly, to the column's scale.

    The reader raises `Refused` for what is no number within the bounds, `UnicodeDecodeError` for what is no UTF-8.
    """
    precision, scale = column.decimal or (1, 0)
    unit = Decimal(1).scaleb(-scale)
    exact = Context(prec=precision, traps=[Inexact, InvalidOperation])

    def read(raw: msgspec.Raw) -> Decimal | None:
        text = bytes(raw).decode()
        if text == "null":
            if column.required:
                raise Refused("tipo_errado", f"Expected a number, got null - at `$.{column.name}`")
            return None
        if text[0] not in "-0123456789":
            raise Refused("tipo_errado", f"Expected a number, got {text[:20]} - at `$.{column.name}`")
        try:
            if not _NUMBER.fullmatch(text):
                raise InvalidOperation
            # `plus` takes the sign from a zero.
            value = exact.plus(exact.quantize(Decimal(text), unit))
        except DecimalException:
            raise Refused("valor_invalido", f"Expected {column.type}, got {text[:40]} - at `$.{column.name}`") from None
        if (column.minimum is not None and value < column.minimum) or (
            column.maximum is not None and value > column.maximum
        ):
            bounds = " and ".join(
                f"{sign} {bound}"
                for sign, bound in ((">=", column.minimum), ("<=", column.maximum))
                if bound is not None
            )
            raise Refused("valor_invalido", f"Expected a number {bounds}, got {text[:40]} - at `$.{column.name}`")
        return value

    return read

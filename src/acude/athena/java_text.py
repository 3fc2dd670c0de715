"""Numbers as Java writes them."""

import math
from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np


def bad(name: str, message: str) -> ValueError:
    """The failure that the engine hands back to the analyst under this name."""
    return ValueError(f"@{name}: {message}@")


_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7
"""Java writes doubles in between without an exponent."""


def _scientific(digits: str, value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign = "-" if digits.startswith("-") else ""
    mantissa, _, exponent = digits.lstrip("-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or 0)
    figures = (whole + fraction).lstrip("0")
    if not figures:
        return f"{sign}0.0E0"
    power += len(whole) - 1 if whole.strip("0") else len(figures) - len(fraction) - 1
    figures = figures.rstrip("0")
    return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"


def java_double(value: float, shortest: str | None = None) -> str:
    """A double as Java's ``Double.toString`` writes it; ``shortest`` gives a real's digits."""
    if not math.isfinite(value):
        return _scientific("", value)
    text = shortest or repr(float(value))
    if value != 0 and not _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        return _scientific(text, value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text if "." in text else f"{text}.0"


def double_text(value: float) -> str:
    """A double as Trino casts it to varchar: ``1.0E0``."""
    return _scientific(repr(float(value)), value)


def real_text(value: float) -> str:
    """A real as Trino casts it to varchar."""
    return _scientific(str(np.format_float_scientific(np.float32(value), trim="0")), value)


def java_number(text: str, digits: int, flags: str, width: int) -> str:
    """A number as Java's Formatter writes it: rounded half up, grouped by commas, filled with blanks or zeros."""
    number = Decimal(text)
    if not number.is_finite():
        raise bad("NOT_SUPPORTED", "format of NaN or infinity is not available on the local Athena endpoint")
    with localcontext(prec=400):
        rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    shown = f"{rounded:,f}" if "," in flags else f"{rounded:f}"
    return shown.zfill(width) if "0" in flags else shown.rjust(width)

"""JSON payloads near a contract: most fields right, some as wrong as bytes can spell them."""

import re
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Final

from acude.contracts.column import Column
from acude.contracts.model import Contract

_PLAIN: Final = (
    "p-1", "BRL", "1.2.3.4", "é€😀", "tok_00aa11bb22cc33dd", "0a" * 32, "52998224725", "12ABC34501DE35", "x" * 64,
)  # fmt: skip
"""Texts of which each column of the contracts takes one at least."""

_ADDRESSES: Final = ("203.0.113.7", "2001:db8::1")
_TEXTS: Final = (
    b'""', b'"\\u0000"', b'"\\ud83d"', b'"\\ude00\\ud83d"', b'"\\ud83d\\ude00"', b'"\xed\xa0\xbd"', b'"\xff"',
    b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'"a\nb"', b'"a\x00b"', b'"p-1\\n"', b'"\\"\\\\\\/"', b'"\\u00e9"',
    b'"e\xcc\x81"', b'"\xef\xbb\xbf"', b'"' + b"x" * 65 + b'"', b'"' + b"\xc3\xa9" * 64 + b'"',
    b'"' + b"x" * 9_000 + b'"', b'"\\x"', b'"', b"'a'", b'"1.10"', b'"null"', b'"4111111111111111"',
    b'"52998224724"', b'"11111111111"',
)  # fmt: skip
_NUMBERS: Final = (
    b"NaN", b"Infinity", b"-Infinity", b"+1", b"1.", b".5", b"01", b"-", b"0x10", b"1e", b"1_000", b"-0",
    b"2147483648", b"9007199254740993", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809",
    b"5e-324", b"1.7976931348623157e308", b"1e400",
)  # fmt: skip
_OTHERS: Final = (
    b"true", b"false", b"nul", b"[]", b"{}", b'["A",null]', b'{"x":1,"x":2}', b"1747250160", b'["\\ud83d"]', b"",
)  # fmt: skip
_EXPONENTS: Final = (b"0", b"1", b"2", b"15", b"28", b"40", b"99", b"400", b"100000000", b"999999999", b"1" + b"0" * 19)
_LENGTHS: Final = (1, 1, 2, 4, 14, 18, 19, 29, 39, 60, 101, 5_000)
_YEARS: Final = ("0000", "0001", "1582", "1969", "1999", "2000", "2016", "2026", "2027", "9999", "10000", "-001")
_DAYS: Final = ("01-01", "02-29", "11-28", "12-31")
_CLOCKS: Final = (
    "00:00:00", "23:59:59", "23:59:60", "24:00:00", "23:59:59.999999", "23:59:59.9999999", "10:00",
)  # fmt: skip
_ZONES: Final = ("", "Z", "z", "+00:00", "-03:00", "+14:00", "-14:00", "+23:59", "-23:59", "+24:00", "+0300", " UTC")
_PARTS: Final = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\x00", b"\xff", b"0", b"e", b"null", b"{}", b"[" * 3_000,
)  # fmt: skip
_ALONE: Final = (
    None, b"", b"null", b"[]", b'"x"', b"1", b"\x1f\x8b\x08", b"\xac\xed", b"\x00\x00\x00\x00\x01x", b"[" * 60_000,
)  # fmt: skip
_PRICES: Final = (b"1", b"0.5", b"12.30", b"1e2", b"1.5E+2", b"125e-2", b"99999999", b"-0.0", b"0e15")
_LISTS: Final = (b"[]", b'["A"]', b'["\\u001f","\xc3\xa9"]', b"[" + b'"A",' * 40 + b'"B"]')

Fields = list[tuple[bytes, bytes]]


def payload(draw: Random, contract: Contract) -> bytes | None:
    """A payload; some third of them fit the contract.

    Args:
        draw: where chance comes from.
        contract: the topic's.
    """
    return spelled(draw, _fields(draw, contract))


def spelled(draw: Random, fields: Fields) -> bytes | None:
    """An object of these fields; two thirds have one or two of them spoiled, or are no object at all."""
    for _ in range(draw.choice((0, 0, 1, 1, 2))):
        _spoil(draw, fields)
    draw.shuffle(fields)
    comma, colon = draw.choice((b",", b",", b" ,\r\n\t")), draw.choice((b":", b":", b" : "))
    text = b"{" + comma.join(name + colon + value for name, value in fields) + b"}"
    return text if draw.randrange(8) else draw.choice(_FRAMES)(draw, text)


def _fields(draw: Random, contract: Contract) -> Fields:
    """Fields that fit: the required ones, those of one variant, and some of the others."""
    variants = contract.variants
    kind = draw.choice(contract.column(variants.by).values) if variants else ""
    found = []
    for column in contract.columns:
        needed, allowed = column.required, True
        if variants and column.name in variants.names:
            needed, allowed = kind in variants.needing(column.name), kind in variants.allowing(column.name)
        if needed or (allowed and draw.randrange(2)):
            chosen = f'"{kind}"'.encode() if variants and column.name == variants.by else _value(draw, column)
            found.append((f'"{column.name}"'.encode(), chosen))
    return found


def _value(draw: Random, column: Column) -> bytes:
    """A JSON value that the column takes."""
    if column.decimal:
        return draw.choice(_PRICES)
    return _TAKEN.get(column.type, _text)(draw, column)


def _text(draw: Random, column: Column) -> bytes:
    return f'"{draw.choice(column.values or _fitting(column))}"'.encode()


@lru_cache
def _fitting(column: Column) -> tuple[str, ...]:
    least, most, pattern = column.min_length or 0, column.max_length or 64, re.compile(column.pattern or "")
    plain = _ADDRESSES if column.format == "ip" else _PLAIN
    return tuple(text for text in plain if least <= len(text) <= most and pattern.search(text))


def _integer(draw: Random, column: Column) -> bytes:
    low, high = int(column.minimum or 0), int(column.maximum or 2**31 - 1)
    return b"%d" % draw.choice((low, high, draw.randint(low, high)))


def _time(draw: Random, _: Column) -> bytes:
    fraction, zone = draw.choice(("", "", ".5", ".123456", ".9999999")), draw.choice(_ZONES[:6])
    return f'"2026-11-{draw.randrange(15, 28):02d}T{draw.randrange(24):02d}:59:59{fraction}{zone}"'.encode()


_TAKEN: Final[dict[str, Callable[[Random, Column], bytes]]] = {
    "int": _integer,
    "bigint": _integer,
    "double": lambda draw, _: draw.choice((b"0", b"-0.0", b"1e-9", b"-23.55", b"46", b"%.6f" % draw.uniform(-90, 90))),
    "boolean": lambda draw, _: draw.choice((b"true", b"false")),
    "date": lambda draw, _: draw.choice((b'"2026-11-30"', b'"0001-01-01"', b'"9999-12-31"')),
    "timestamp": _time,
    "array<string>": lambda draw, _: draw.choice(_LISTS),
}


def _spoil(draw: Random, fields: Fields) -> None:
    """Changes one field: its value, its name, or whether it is there."""
    at = draw.randrange(len(fields)) if fields else 0
    fields[at : at + 1] = draw.choice(
        (
            lambda name, value: [(name, odd(draw, value))],
            lambda name, value: [(name, odd(draw, value))],
            lambda name, _: [(name, b"null")],
            lambda _, __: [],
            lambda name, value: [(name, value), (name, value)],
            lambda name, value: [(name, value), (name.replace(b"i", b"\\u0069", 1), odd(draw, value))],
            lambda name, value: [(name, value), (b'"cor"', odd(draw, value))],
            lambda name, value: [(name.upper(), value)],
        )
    )(*(fields[at] if fields else (b'"x"', b"1")))


def _number(draw: Random) -> bytes:
    """A number, mostly one that JSON knows, of any length and exponent."""
    if not draw.randrange(4):
        return draw.choice(_NUMBERS)
    digits = b"0" if draw.randrange(2) else b"1" + draw.choice((b"0", b"9")) * (draw.choice(_LENGTHS) - 1)
    fraction = b"." + b"0" * draw.choice(_LENGTHS) + draw.choice((b"", b"1")) if draw.randrange(2) else b""
    exponent = draw.choice(b"e E e+ E- e-".split()) + draw.choice(_EXPONENTS) if draw.randrange(2) else b""
    return draw.choice((b"", b"-")) + digits + fraction + exponent


def _moment(draw: Random) -> bytes:
    """A time at the ends of calendar, day and zone."""
    day, zone = f"{draw.choice(_YEARS)}-{draw.choice(_DAYS)}", draw.choice(_ZONES)
    return f'"{day}{draw.choice("TTt ")}{draw.choice(_CLOCKS)}{zone}"'.encode()


def _nested(draw: Random) -> bytes:
    """Lists or objects in one another, closed or not."""
    depth, (begin, end) = draw.choice((1, 2, 60, 900, 3_000, 20_000)), draw.choice(((b"[", b"]"), (b'{"x":', b"}")))
    return begin * depth + b"1" + end * draw.choice((depth, depth, 0))


def odd(draw: Random, value: bytes) -> bytes:
    """Another value, as often as not of the same kind."""
    if draw.randrange(2) and value[:1].isdigit():
        return _number(draw)
    if draw.randrange(2) and value.startswith(b'"20'):
        return _moment(draw)
    chosen = draw.choice((_number, _moment, _nested, _TEXTS, _TEXTS, _OTHERS))
    return chosen(draw) if callable(chosen) else draw.choice(chosen)


def _cut(draw: Random, text: bytes) -> bytes:
    return text[: draw.randrange(len(text))]


def _inserted(draw: Random, text: bytes) -> bytes:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice(_PARTS) + text[at + draw.randrange(2) :]


_FRAMES: Final[tuple[Callable[[Random, bytes], bytes | None], ...]] = (
    _cut, _inserted, _inserted, _inserted,
    lambda draw, text: draw.choice((b"\xef\xbb\xbf", b" \r\n\t", b"[", b"\x00", b"x")) + text,
    lambda draw, text: text + draw.choice((b"{}", b" \n", b"]", b"\x00", b" " * 70_000)),
    lambda draw, text: text.decode("utf-8", "replace").encode(draw.choice(("utf-16", "utf-32", "utf-8"))),
    lambda draw, _: draw.choice(_ALONE),
    lambda draw, _: draw.randbytes(draw.randrange(40)),
)  # fmt: skip

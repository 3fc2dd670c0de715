"""Hides what looks like a CPF, a CNPJ or a card number in text that people read: logs and error messages.

The code does not put them there; this is for other libraries' texts, such as a parser's that quotes its input.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from acude.personal_numbers import GROUPED, LETTERED, RANDOM_ID, SHORTEST, Span, cards, documents, folded

MASK: Final = "[oculto]"

_CNPJ: Final = r"[0-9A-Za-z]{2}\.?[0-9A-Za-z]{3}\.?[0-9A-Za-z]{3}/?[0-9A-Za-z]{4}-?[0-9]{2}"
"""What has the shape of one, with letters too."""

_SENSITIVE: Final = re.compile(
    rf"""(?P<id>{RANDOM_ID.pattern})
      | (?<![0-9A-Za-z])(?P<cnpj>{_CNPJ})(?![0-9A-Za-z])"""
    r"""
      | (?<![0-9])(?:
        [0-9]{11,}                                                # a CPF has 11; several numbers may stand together
      | [0-9]{3}[. _-]?[0-9]{3}[. _-]?[0-9]{3}[-/ _]?[0-9]{2}     # a CPF as people write it
      | [0-9]{2}[. _-]?[0-9]{3}[. _-]?[0-9]{3}[/ _-]?[0-9]{4}[- _]?[0-9]{2}
      | [0-9]{4}[ ._:/-][0-9]{4}[ ._:/-][0-9]{4}[ ._:/-][0-9]{1,7} # a card number in groups
      | [0-9]{4}[ ._:/-][0-9]{6}[ ._:/-][0-9]{4,5}
    )(?![0-9])""",
    re.VERBOSE,
)

_SMALL_LETTERS: Final = re.compile(r"[a-z]")
_ROOT_OF_LETTERS: Final = re.compile(r"(?:[A-Za-z][./]?){8}")
"""With small letters, words look like a CNPJ: deadletter2026."""

_ESCAPE: Final = re.compile(
    r"\\+u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\+u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\+(?:u(?P<code>[0-9A-Fa-f]{4})|(?P<slash>/)|[bfnrt\"]?)"
)
"""A character as JSON may write it; JSON in JSON has more backslashes."""


def masked(text: str) -> str:
    """The text without document and card numbers.

    Whatever has the shape of one is hidden, with right check digits or not: a mistyped CPF reveals enough. In rarer
    spellings, which other things share, the check digits are right.

    >>> masked("got '529.982.247-25', 12ABC34501DE35 and 4111 1111 1111 1111 from 192.168.100.200")
    "got '[oculto]', [oculto] and [oculto] from 192.168.100.200"
    """
    # Most of what is logged is shorter.
    return text if len(text) < SHORTEST else _without(text, _numbers(text))


def masked_bytes(content: bytes) -> bytes:
    r"""The same for bytes of any kind; what JSON escapes is found too.

    >>> masked_bytes(b'{"id": "\\u0035\\u0032998224725", "other": "529\\u002e982\\u002e247\\u002d25"}')
    b'{"id": "[oculto]", "other": "[oculto]"}'
    """
    text = content.decode("utf-8", "surrogateescape")
    if "\\" in text:
        plain, places = _without_escapes(text)
        text = _without(text, ((places[start], places[end]) for start, end in _numbers(plain)))
    # An escape may also hide what the bytes say: \u52998224725.
    return masked(text).encode("utf-8", "surrogateescape")


def _numbers(text: str) -> Iterator[Span]:
    plain, places = folded(text)
    for start, end in _plain_numbers(plain):
        yield places[start], places[end - 1] + 1


def _plain_numbers(text: str) -> Iterator[Span]:
    yield from (found.span() for found in _SENSITIVE.finditer(text) if not found["id"] and not _is_word(found["cnpj"]))
    if LETTERED.search(text):
        yield from documents(text)
    if GROUPED.search(text):
        yield from cards(text)


def _is_word(text: str | None) -> bool:
    return bool(text and _SMALL_LETTERS.search(text) and _ROOT_OF_LETTERS.match(text))


def _without(text: str, spans: Iterable[Span]) -> str:
    kept, done = [], 0
    for start, end in sorted(spans):
        if start >= done:
            kept += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*kept, text[done:]])


def _escaped(found: re.Match[str]) -> str:
    """The character of an escape."""
    if found["high"]:
        return chr(0x10000 + ((int(found["high"], 16) & 0x3FF) << 10) + (int(found["low"], 16) & 0x3FF))
    return chr(int(found["code"], 16)) if found["code"] else found["slash"] or "\n"


def _without_escapes(text: str) -> tuple[str, list[int]]:
    """The text as a JSON parser reads it, and where each of its characters, and its end, stand in the given one."""
    plain: list[str] = []
    places: list[int] = []
    done = 0
    for found in _ESCAPE.finditer(text):
        plain += [text[done : found.start()], _escaped(found)]
        places += range(done, found.start() + 1)
        done = found.end()
    return "".join([*plain, text[done:]]), [*places, *range(done, len(text) + 1)]

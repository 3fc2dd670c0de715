"""Hides what looks like a CPF, a CNPJ or a card number in text that people read: logs and error messages.

The code does not put them there; this is for other libraries' texts, such as a parser's that quotes its input.
"""

import re
from typing import Final

MASK: Final = "[oculto]"

RANDOM_ID: Final = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}"
    r"|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{24})(?![0-9A-Fa-f])"
)
"""A UUID, a digest or a trace id: the digits in it are nobody's, and one in thousands looks like somebody's."""

CNPJ: Final = re.compile(r"[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?[0-9]{2}")
"""What has the shape of one, with letters too."""

_SENSITIVE: Final = re.compile(
    rf"""(?P<id>{RANDOM_ID.pattern})
      | (?<![0-9A-Za-z]){CNPJ.pattern}(?![0-9A-Za-z])"""
    r"""
      | (?<![0-9])(?:
        [0-9]{11,}                                                # a CPF has 11; several numbers may stand together
      | [0-9]{3}[. _-][0-9]{3}[. _-][0-9]{3}[-/ _]?[0-9]{2}       # a CPF as people write it
      | [0-9]{2}[. _-][0-9]{3}[. _-][0-9]{3}[/ _-]?[0-9]{4}[- _]?[0-9]{2}
      | [0-9]{4}[ ._:/-][0-9]{4}[ ._:/-][0-9]{4}[ ._:/-][0-9]{1,7} # a card number in groups
      | [0-9]{4}[ ._:/-][0-9]{6}[ ._:/-][0-9]{4,5}
    )(?![0-9])""",
    re.VERBOSE,
)
_SHORTEST: Final = 11
"""Characters of a CPF; most of what is logged has fewer."""

_ESCAPED: Final = re.compile(rb"\\u003([0-9])")


def masked(text: str) -> str:
    """The text without document and card numbers; check digits don't matter: a mistyped CPF reveals enough.

    >>> masked("got '529.982.247-25', 12ABC34501DE35 and 4111 1111 1111 1111 from 192.168.100.200")
    "got '[oculto]', [oculto] and [oculto] from 192.168.100.200"
    """
    if len(text) < _SHORTEST:
        return text
    return _SENSITIVE.sub(lambda found: found["id"] or MASK, text)


def masked_bytes(content: bytes) -> bytes:
    r"""The same for bytes of any kind; digits that JSON escapes are digits.

    >>> masked_bytes(b'{"id": "\\u0035\\u0032998224725"}')
    b'{"id": "[oculto]"}'
    """
    return masked(_ESCAPED.sub(rb"\1", content).decode("latin-1")).encode("latin-1")

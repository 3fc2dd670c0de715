"""Hides what looks like a CPF, a CNPJ or a card number in text that people read: logs and error messages.

The code does not put them there; this is for other libraries' texts, such as a parser's that quotes its input.
"""

import re
from typing import Final

MASK: Final = "[oculto]"

CNPJ: Final = re.compile(r"[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?[0-9]{2}")
"""What has the shape of one, with letters too."""

_SENSITIVE: Final = re.compile(
    rf"""(?<![0-9A-Za-z])(?:{CNPJ.pattern}"""
    r"""
      | [0-9]{11,19}                                              # a CPF has 11 digits, a CNPJ 14, a card 13 to 19
      | [0-9]{3}[. ][0-9]{3}[. ][0-9]{3}[- ]?[0-9]{2}             # a CPF as people write it
      | [0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{1,7}            # a card number in groups
      | [0-9]{4}[ -][0-9]{6}[ -][0-9]{5}
    )(?![0-9A-Za-z])""",
    re.VERBOSE,
)


def masked(text: str) -> str:
    """The text without document and card numbers; check digits don't matter: a mistyped CPF reveals enough.

    >>> masked("got '529.982.247-25', 12ABC34501DE35 and 4111 1111 1111 1111 from 192.168.100.200")
    "got '[oculto]', [oculto] and [oculto] from 192.168.100.200"
    """
    return _SENSITIVE.sub(MASK, text)

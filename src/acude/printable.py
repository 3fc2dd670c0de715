"""Text of unknown origin as a person may look at it: a record must not write to a terminal what it likes."""

import unicodedata
from typing import Final

_SPACE: Final = "Zs"


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with all signs escaped that are not seen: control characters, bidi overrides, halves of surrogates.

    Args:
        text: from a record, a log, a database.
        keep: signs that stay as they are, such as the line breaks of an answer in lines.

    >>> print(printable("caf\u00e9\x1b[2J\u202e\n"))
    café\x1b[2J\u202e\n
    """
    if text.isprintable():
        return text
    return "".join(sign if _seen(sign) or sign in keep else sign.encode("unicode_escape").decode() for sign in text)


def _seen(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == _SPACE

"""Cards' numbers, CPFs and CNPJs: what they are, and where they must not stand.

docs/decisions/personal-numbers.md says what exactly is looked for, and how often it hits an id by chance.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from stdnum import luhn
from stdnum.br import cnpj, cpf

from acude.masking import RANDOM_ID

TOKEN: Final = re.compile(r"([a-z0-9]{1,8}):[0-9a-f]{32}")
"""A token, and its key's name."""

_ISSUED: Final = re.compile(
    r"""4[0-9]{15}                                                  # Visa, and Elo's numbers that begin like one
      | (?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}         # Mastercard
      | 3[47][0-9]{13}                                              # American Express
      | (?:30[0-5][0-9]|3095|36[0-9]{2}|3[89][0-9]{2})[0-9]{10}     # Diners Club
      | (?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|35(?:2[89]|[3-8][0-9]))[0-9]{12} # Discover, Elo, UnionPay, JCB
      | (?:5067|509[0-9]|5041|5078|5018|5020|5038|6304|6362|6363|6759|676[1-3]|6062|3841)[0-9]{12}
        # Elo, Aura, Maestro, Hipercard
    """,
    re.VERBOSE,
)
"""How the numbers of today's cards begin, and how long they are."""

_CARD: Final = re.compile(
    r"""(?<![0-9])(?:
        [0-9]{14,16}
      | [0-9]{4}(?P<a>[ ._:/-])[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{4}
      | [0-9]{4}(?P<b>[ ._:/-])[0-9]{6}(?P=b)[0-9]{4,5}
    )(?![0-9])""",
    re.VERBOSE,
)

_DOCUMENT: Final = re.compile(
    r"""(?<![0-9])(?:
        [0-9]{11} | [0-9]{14}
      | [0-9]{3}[. _-][0-9]{3}[. _-][0-9]{3}[-/ _]?[0-9]{2}         # not an address: its last part has a dot before it
      | [0-9]{2}[. _-][0-9]{3}[. _-][0-9]{3}[/ _-]?[0-9]{4}[- _]?[0-9]{2}
    )(?![0-9])
      | (?<![0-9A-Za-z])                                            # with letters it has to stand alone
        [0-9A-Za-z]{2}[. _-]?[0-9A-Za-z]{3}[. _-]?[0-9A-Za-z]{3}[/ _-]?[0-9A-Za-z]{4}[- _]?[0-9]{2}
        (?![0-9A-Za-z])
    """,
    re.VERBOSE,
)

SHORTEST: Final = 11
"""Characters of a CPF; no text with fewer holds anybody's number."""

SUSPECT: Final = (
    r"[0-9](?:[ ._:/-]?[0-9]){10}"
    r"|(?:^|[^0-9A-Za-z])[0-9A-Za-z]{2}[. _-]?[0-9A-Za-z]{3}[. _-]?[0-9A-Za-z]{3}[/ _-]?[0-9A-Za-z]{4}[- _]?[0-9]{2}"
    r"(?:$|[^0-9A-Za-z])"
)
"""Matches every text that holds one of them, and few others: RE2 looks for it in a whole column at once."""


@lru_cache(maxsize=65_536)
def is_document(text: str) -> bool:
    """Whether a CPF's or CNPJ's check digits are right; a CNPJ may hold letters since July 2026.

    >>> is_document("52998224725"), is_document("52998224724"), is_document("12ABC34501DE35")
    (True, False, True)
    >>> is_document("11111111111")
    False
    """
    # One digit throughout passes the arithmetic, and was never given to anybody.
    return len(set(text)) > 1 and bool(cpf.is_valid(text) if len(text) == SHORTEST else cnpj.is_valid(text))


def has_card(text: str) -> bool:
    """Whether a text holds the number of a card.

    >>> has_card("tok_4111111111111111"), has_card("4111-1111-1111-1111"), has_card("1764525600000017")
    (True, True, False)
    """
    return any(_is_card(found[0]) for found in _CARD.finditer(RANDOM_ID.sub("~", text)))


def _is_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]", "", text)
    # A CNPJ may look like an old Diners Club card; it becomes a token.
    return bool(_ISSUED.fullmatch(digits)) and luhn.is_valid(digits) and not is_document(digits)


def has_document(text: str) -> bool:
    """Whether a text holds a CPF or CNPJ.

    >>> has_document("u52998224725"), has_document("529.982.247-25"), has_document("52998224724")
    (True, True, False)
    """
    return any(is_document(compact(found[0])) for found in _DOCUMENT.finditer(RANDOM_ID.sub("~", text)))


def has_number(text: str) -> bool:
    """Whether a text holds somebody's number: of a card, a CPF or a CNPJ."""
    return has_card(text) or has_document(text)


def without_documents(text: str, token: Callable[[str], str]) -> str:
    """The text, or a token in its place: the document's own where it is one, the text's own where it holds one.

    A token holds none, so doing it twice changes nothing.

    Args:
        text: of any field.
        token: makes tokens, as `Tokens.of` does.

    >>> without_documents("529.982.247-25", "token of {}".format)
    'token of 52998224725'
    >>> without_documents("u52998224725", "token of {}".format), without_documents("u17", "token of {}".format)
    ('token of u52998224725', 'u17')
    """
    if not has_document(text):
        return text
    whole = compact(text)
    return token(whole if is_document(whole) else one_case(text))


def one_case(text: str) -> str:
    """A text with an e-mail address in it has no case."""
    return text.lower() if "@" in text else text


def compact(document: str) -> str:
    """A CPF or CNPJ as contracts write it: without punctuation, in capitals.

    >>> compact("12.abc.345/01de-35")
    '12ABC34501DE35'
    """
    return re.sub(r"[./ _-]", "", document).upper()

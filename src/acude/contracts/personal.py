"""Cards' numbers, CPFs and CNPJs where they must not stand: documents become tokens.

`acude.personal_numbers` finds them; docs/decisions/personal-numbers.md says why.
"""

import re
from collections.abc import Callable
from typing import Final

from acude.personal_numbers import cards, compact, documents, folded, is_document

TOKEN: Final = re.compile(r"([a-z0-9]{1,8}):[0-9a-f]{32}")
"""A token, and its key's name."""


def has_card(text: str) -> bool:
    """Whether a text holds the number of a card.

    >>> has_card("tok_4111111111111111"), has_card("4111-1111-1111-1111"), has_card("1764525600000017")
    (True, True, False)
    """
    return any(True for _ in cards(text))


def has_document(text: str) -> bool:
    """Whether a text holds a CPF or CNPJ.

    >>> has_document("u52998224725"), has_document("529.982.247-25"), has_document("52998224724")
    (True, True, False)
    """
    return any(True for _ in documents(text))


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
    whole = compact(folded(text)[0])
    return token(whole if is_document(whole) else one_case(text))


def one_case(text: str) -> str:
    """A text with an e-mail address in it has no case."""
    return text.lower() if "@" in text else text

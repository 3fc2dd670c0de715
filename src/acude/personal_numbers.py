"""Where a text holds a card's number, a CPF or a CNPJ with right check digits, in whatever usual spelling.

docs/decisions/personal-numbers.md says what exactly is looked for, and how often it hits an id by chance.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from stdnum import luhn
from stdnum.br import cnpj, cpf

Span = tuple[int, int]
"""Where a number begins, and where it has ended."""

SHORTEST: Final = 11
"""Characters of a CPF; no text with fewer holds anybody's number."""

RANDOM_ID: Final = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}"
    r"|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{24})(?![0-9A-Fa-f])"
)
"""A UUID, a digest or a trace id: the digits in it are nobody's, and one in thousands looks like somebody's."""

_DISCOVER: Final = r"(?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|35(?:2[89]|[3-8][0-9]))"
"""Discover, Elo, UnionPay and JCB."""

_MAESTRO: Final = r"(?:5067|509[0-9]|5041|5078|5018|5020|5038|6304|6362|6363|6759|676[1-3]|6062|3841)"
"""Elo, Aura, Maestro and Hipercard."""

_ISSUED: Final = re.compile(
    rf"""4[0-9]{{15}}                                               # Visa, and Elo's numbers that begin like one
      | (?:5[1-5][0-9]{{2}}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{{2}}|27[01][0-9]|2720)[0-9]{{12}}     # Mastercard
      | 3[47][0-9]{{13}}                                            # American Express
      | (?:30[0-5][0-9]|3095|36[0-9]{{2}}|3[89][0-9]{{2}})[0-9]{{10}} # Diners Club
      | {_DISCOVER}[0-9]{{12}}
      | {_MAESTRO}[0-9]{{12}}
    """,
    re.VERBOSE,
)
"""How the numbers of today's cards begin, and how long they are."""

_RARE: Final = re.compile(rf"4[0-9]{{12}}|4[0-9]{{18}}|(?:{_DISCOVER}|{_MAESTRO})[0-9]{{13,15}}")
"""Lengths that cards may have and hardly do. Unbroken, they are product codes and order numbers."""

_RUN: Final = re.compile(
    r"""(?<![0-9])(?=(
        [0-9]{14,16}
      | [0-9]{4}(?P<a>[ ._:/-])[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{4}
      | [0-9]{4}(?P<b>[ ._:/-])[0-9]{6}(?P=b)[0-9]{4,5}
    )(?![0-9]))""",
    re.VERBOSE,
)

_GROUPS: Final = re.compile(r"(?<![0-9])[0-9]+(?:[ ._/-][0-9]+)+")
_GROUP: Final = re.compile(r"[0-9]+")
_FEWEST, _MOST = 13, 19
"""Digits of a card's number."""

_DATE: Final = re.compile(
    r"(?<![0-9])(?:20[0-9]{2}([-/.])[01][0-9]\1[0-3][0-9]|[0-3][0-9]([-/.])[01][0-9]\2(?:19|20)[0-9]{2})(?![0-9])"
)
"""A day, which often stands before a number: 30/11/2026 begins as a Diners Club card does."""

_LETTERED: Final = r"[0-9A-Za-z]{2}[. _-]?[0-9A-Za-z]{3}[. _-]?[0-9A-Za-z]{3}[/ _-]?[0-9A-Za-z]{4}[- _]?[0-9]{2}"
"""The shape of a CNPJ, with letters too."""

LETTERED: Final = re.compile(rf"(?<![0-9A-Za-z]){_LETTERED}(?![0-9A-Za-z])")
"""Found in every text with a CNPJ that holds letters."""

GROUPED: Final = re.compile(r"[0-9](?:[ ._/-]?[0-9]){12}")
"""Found in every text with a card's number in groups without colons."""

_DOCUMENT: Final = re.compile(
    r"""(?<![0-9])(?=(
        [0-9]{3}[. _-]?[0-9]{3}[. _-]?[0-9]{3}[-/ _]?[0-9]{2} # no address: a dot is before its last part
      | [0-9]{2}[. _-]?[0-9]{3}[. _-]?[0-9]{3}[/ _-]?[0-9]{4}[- _]?[0-9]{2}
    )(?![0-9]))
    """
    # With letters it has to stand alone.
    rf"| (?<![0-9A-Za-z])(?=({_LETTERED})(?![0-9A-Za-z]))",
    re.VERBOSE,
)

SUSPECT: Final = (
    r"[0-9](?:[ ._:/-]?[0-9]){10}"
    rf"|(?:^|[^0-9A-Za-z]){_LETTERED}(?:$|[^0-9A-Za-z])"
    # Digits, spaces and dashes that look like those of ASCII, and what can't be seen; no letter of Europe's languages.
    "|[^ -~\u00c0-\u024f]"
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


def compact(document: str) -> str:
    """A CPF or CNPJ as contracts write it: without punctuation, in capitals.

    >>> compact("12.abc.345/01de-35")
    '12ABC34501DE35'
    """
    return re.sub(r"[./ _-]", "", document).upper()


def folded(text: str) -> tuple[str, Sequence[int]]:
    """A text as people see it, and where each of its characters stands in the given one.

    Digits of other scripts, and dashes and spaces of any kind, are those of ASCII; what can't be seen is left out.

    >>> folded("529.982\u200b.247\u201125"), folded("\uff14\u00b9")
    (('529.982.247-25', [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]), ('41', [0, 1]))
    """
    if text.isascii():
        return text, range(len(text))
    seen = [(shown, place) for place, one in enumerate(text) if (shown := _seen(one))]
    return "".join(shown for shown, _ in seen), [place for _, place in seen]


@lru_cache(maxsize=4_096)
def _seen(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    # A sign that stands for several would move all that follow.
    plain = plain if len(plain) == 1 else character
    kind = unicodedata.category(plain)
    return {"Cf": "", "Mn": "", "Pd": "-", "Zs": " "}.get(kind, "-" if plain == "\u2212" else plain)


def documents(text: str) -> Iterator[Span]:
    """Where a text holds a CPF or CNPJ.

    >>> list(documents("cpf529982247-25")), list(documents("529.982.247.25"))
    ([(3, 15)], [])
    """
    plain, places = folded(text)
    for start, end in _documents(plain):
        yield places[start], places[end - 1] + 1


def _documents(text: str) -> Iterator[Span]:
    # A number may begin inside of what only looks like one (cpf52998224725), so each place is tried.
    for found in _DOCUMENT.finditer(_without_ids(text)):
        at = found.lastindex or 0
        if is_document(compact(found[at])):
            yield found.span(at)


def cards(text: str) -> Iterator[Span]:
    """Where a text holds the number of a card.

    >>> list(cards("tok_4111111111111111")), list(cards("41111111-11111111")), list(cards("4222222222222"))
    ([(4, 20)], [(0, 17)], [])
    """
    plain, places = folded(text)
    for start, end in _cards(plain):
        yield places[start], places[end - 1] + 1


def _cards(text: str) -> Iterator[Span]:
    text = _without_ids(text)
    for found in _RUN.finditer(text):
        if _is_card(re.sub(r"[^0-9]", "", found[1])):
            yield found.span(1)
    for chain in _GROUPS.finditer(_DATE.sub(_blank, text)):
        # Of a document and the digits after it a token remains, and a card number by chance. Elsewhere in the text
        # a document changes nothing, so that a long text is searched once.
        others = list(_documents(chain[0]))
        for start, end in _cards_of_groups(chain):
            if not any(a < end - chain.start() and start - chain.start() < b for a, b in others):
                yield start, end


def _cards_of_groups(chain: re.Match[str]) -> Iterator[Span]:
    groups = [(chain.start() + one.start(), one[0]) for one in _GROUP.finditer(chain[0])]
    for first, (start, digits) in enumerate(groups):
        number = digits
        for at, group in groups[first + 1 : first + _MOST]:
            number += group
            if len(number) > _MOST:
                break
            if len(number) >= _FEWEST and (_is_card(number) or _is_card(number, _RARE)):
                yield start, at + len(group)


def _is_card(digits: str, issued: re.Pattern[str] = _ISSUED) -> bool:
    # A CNPJ may look like an old Diners Club card; it becomes a token.
    return bool(issued.fullmatch(digits)) and luhn.is_valid(digits) and not is_document(digits)


def _without_ids(text: str) -> str:
    return RANDOM_ID.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    return "~" * len(found[0])

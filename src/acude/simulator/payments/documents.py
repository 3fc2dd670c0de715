"""CPF and CNPJ with their check digits, as the tax office computes them."""

import random
import string
from datetime import UTC, datetime
from typing import Final

from stdnum.br.cnpj import calc_check_digits

LETTERS_SINCE: Final = datetime(2026, 7, 1, tzinfo=UTC)
"""From this day on a new company's CNPJ may hold letters."""

_HEADQUARTERS = "0001"
_ALPHANUMERIC = string.digits + string.ascii_uppercase


def cpf(base: int) -> str:
    """The CPF of a person, 11 digits.

    Args:
        base: its first nine digits, 1 to 999,999,999.

    >>> cpf(390533447)
    '39053344705'
    """
    digits = [int(digit) for digit in f"{base:09d}"]
    for _ in range(2):
        weighted = sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True))
        digits.append((11 - weighted) % 11 % 10)
    return "".join(map(str, digits))


def cnpj(rng: random.Random, *, letters: bool) -> str:
    """The CNPJ of a company's headquarters, 14 characters, with letters or without."""
    if letters:
        root = rng.choice(string.ascii_uppercase) + "".join(rng.choices(_ALPHANUMERIC, k=7))
    else:
        root = f"{rng.randrange(1, 10**8):08d}"
    return f"{root}{_HEADQUARTERS}{calc_check_digits(root + _HEADQUARTERS)}"

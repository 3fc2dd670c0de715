"""Names of things that payers own. All are synthetic, and none holds digits that could be read as a card number."""

import random
import re
import string
from base64 import b32encode

_LIKE_A_CARD = re.compile(r"(?:\d[ -]?){13}")
_E_MAIL_SHARE = 0.3
_VERSION_6_SHARE = 0.2
_BRAZILIAN_NETWORKS = (138, 168, 177, 179, 186, 187, 189, 191, 200, 201)


def card_token(rng: random.Random) -> str:
    """`tok_` and 24 letters and digits; a letter in the middle keeps the digits apart."""
    drawn = b32encode(rng.randbytes(15)).decode()
    return f"tok_{drawn[:12]}X{drawn[13:]}"


def device(rng: random.Random) -> str:
    """A phone or browser."""
    return f"d{rng.getrandbits(48):012x}"


def wallet(rng: random.Random) -> str:
    """An account of a payment app."""
    return f"w{rng.getrandbits(40):010x}"


def order(rng: random.Random) -> str:
    """An order of the shop."""
    return f"P{rng.getrandbits(48):012x}"


def ip(rng: random.Random) -> str:
    """An address of a Brazilian provider; one in five is of version 6."""
    bits = rng.getrandbits(32)
    if rng.random() < _VERSION_6_SHARE:
        return f"2804:{bits >> 16:x}:{bits & 0xFFFF:x}::{rng.getrandbits(16):x}"
    first = _BRAZILIAN_NETWORKS[bits % len(_BRAZILIAN_NETWORKS)]
    return f"{first}.{bits >> 24}.{bits >> 16 & 255}.{bits >> 8 & 255}"


def pix_key(rng: random.Random) -> str:
    """An e-mail address, or a random key as the central bank gives them (a UUID)."""
    if rng.random() < _E_MAIL_SHARE:
        return "".join(rng.choices(string.ascii_lowercase, k=9)) + "@example.com"
    while True:
        digits = f"{rng.getrandbits(128):032x}"
        key = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        if not _LIKE_A_CARD.search(key):
            return key

"""`python -m acude.healthy URL`: exits with 0 where an address answers 200. The health check of containers.

It imports next to nothing: a check every few seconds of each container must not cost what the platform's client costs.
"""

import ssl
import sys
from http import HTTPStatus
from typing import Final
from urllib.request import urlopen

_PATIENCE_S: Final = 5


def answers(url: str) -> bool:
    """Whether the address answers 200; a certificate is not looked at, for nothing is sent."""
    unchecked = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323
    try:
        with urlopen(url, timeout=_PATIENCE_S, context=unchecked) as answer:  # noqa: S310 - the container's own words
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(sys.argv[1]) else 1)

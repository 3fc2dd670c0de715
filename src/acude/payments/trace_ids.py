"""Trace ids: one follows a payment from the request to decision, alert, database and lake.

At the payment API it is the caller's W3C `traceparent`, or a new one. A payment that comes by the topic without one
gets the digest of its place: every reader of the record computes the same id.
"""

import re
import secrets
from hashlib import blake2b
from typing import Final
from uuid import uuid4

ID: Final = re.compile(r"[A-Za-z0-9_.:@+-]{1,64}")
"""An id of a payment, a trace, a client or an account, as the contracts define it."""

TRACEPARENT: Final = "traceparent"
"""Header of HTTP and Kafka (W3C Trace Context)."""

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_TRACE: Final = re.compile(r"[0-9a-f]{32}")


def drawn() -> str:
    """A new trace id: 32 hexadecimal digits."""
    return uuid4().hex


def of_traceparent(header: str | None) -> str | None:
    """The trace id of a `traceparent`; None where the header is invalid.

    >>> of_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '0af7651916cd43dd8448eb211c80319c'
    >>> of_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01") is None
    True
    """
    found = _TRACEPARENT.fullmatch(header or "")
    # Version 00 has nothing behind the flags; a later version may.
    return None if not found or (found[2] and str(header).startswith("00")) else found[1]


def traceparent(trace: str) -> str | None:
    """The header for the next service; None where the id does not have W3C's form."""
    return f"00-{trace}-{secrets.token_hex(8)}-01" if _TRACE.fullmatch(trace) else None


def of_place(coordinate: str, taken_ms: int) -> str:
    """The trace id of a record that brought none.

    Args:
        coordinate: topic, partition and offset.
        taken_ms: the broker's timestamp; offsets start again where a topic is created again.
    """
    return blake2b(f"{coordinate}@{taken_ms}".encode(), digest_size=16).hexdigest()

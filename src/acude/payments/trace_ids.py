"""Trace ids: one follows a payment from the request to decision, alert, database and lake.

At the door it is the caller's, where a W3C `traceparent` says one, else drawn. A payment that comes by the topic
without one gets the digest of its place there: whoever reads the record again finds the same id.
"""

import re
import secrets
from hashlib import blake2b
from typing import Final
from uuid import uuid4

TRACEPARENT: Final = "traceparent"
"""Header of HTTP and Kafka (W3C Trace Context)."""

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_TRACE: Final = re.compile(r"[0-9a-f]{32}")


def drawn() -> str:
    """A new trace id: 32 hexadecimal digits."""
    return uuid4().hex


def of_traceparent(header: str | None) -> str | None:
    """The trace id of a `traceparent`; None where it is none.

    >>> of_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '0af7651916cd43dd8448eb211c80319c'
    >>> of_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01") is None
    True
    """
    found = _TRACEPARENT.fullmatch(header or "")
    # What a version of ours can't have behind the flags, a later one may.
    return None if not found or (found[2] and str(header).startswith("00")) else found[1]


def traceparent(trace: str) -> str | None:
    """The header for the next service; None where the id came by the topic in another form than W3C's."""
    return f"00-{trace}-{secrets.token_hex(8)}-01" if _TRACE.fullmatch(trace) else None


def of_place(coordinate: str, taken_ms: int) -> str:
    """The trace id of a record that brought none.

    Args:
        coordinate: topic, partition and offset.
        taken_ms: when the broker took it; offsets begin anew where a topic is made anew.
    """
    return blake2b(f"{coordinate}@{taken_ms}".encode(), digest_size=16).hexdigest()

"""What other people's HTTP servers answer: read in time, up to a size, and only as it was asked for."""

import time
from collections.abc import Callable
from typing import Final

import httpx

AS_IT_IS: Final = {"Accept-Encoding": "identity"}
"""Header of every question: two kilobytes can be unpacked into a machine's memory."""


class UnfitAnswerError(Exception):
    """An answer that is too long, comes too slowly or is compressed."""


def limited(
    response: httpx.Response, most_bytes: int, deadline: float, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """The body of a streamed answer, if it is small and comes in time.

    Args:
        response: asked for with the header above; not read yet.
        most_bytes: of the body.
        deadline: by the clock; httpx's own time-out starts again with each piece.
        clock: monotonic seconds.

    Raises:
        UnfitAnswerError: it is neither.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnfitAnswerError("a compressed answer, which nobody asked for")
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > most_bytes or clock() > deadline:
            raise UnfitAnswerError("the answer is too long, or comes too slowly")
    return bytes(body)

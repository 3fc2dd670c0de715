"""How a long action says where it is."""

from collections.abc import Callable, Iterator

Report = Callable[[str, str, int], None]
"""Called with what is worked on, the step it is at, and how many bytes of the step are done."""


def watched(pieces: Iterator[bytes], report: Report, what: str, step: str) -> Iterator[bytes]:
    """The same pieces, reported as they pass."""
    done = 0
    report(what, step, done)
    for piece in pieces:
        yield piece
        done += len(piece)
        report(what, step, done)

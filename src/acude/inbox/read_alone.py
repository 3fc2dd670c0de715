"""Finds the file that ends whatever process reads it: each is read once more, in a process of its own.

Libraries for Parquet are C++ and abort where bytes surprise them. That costs an executor its Python worker, and Spark
doesn't say over which file. `python -m acude.inbox.read_alone` is that process.
"""

import json
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable

from acude.inbox.errors import InboxError
from acude.inbox.files import InboxFile
from acude.inbox.pieces import Piece
from acude.inbox.reading import PieceLines
from acude.lake.object_store import ObjectStore

_CRASHED = "Python worker exited unexpectedly"
"""What Spark says where a process that ran our code is gone."""

_MEMORY_BYTES = 8 * 2**30
"""Address space of the process: a file that takes more is told as damaged, and doesn't take the machine's."""

_STARTS_S = 60
_BYTES_PER_S = 2 * 2**20
"""A file may take this long: far more than a slow machine needs."""


def is_crash(problem: BaseException) -> bool:
    """Whether Spark tells that a process of Python's ended in the middle of its work."""
    return _CRASHED in str(problem)


def deadly_file(store: ObjectStore, files: Iterable[InboxFile]) -> InboxError | None:
    """The refusal of the first Parquet file that can't be read alone; None where each can.

    Args:
        store: the inbox.
        files: of a day, as they were listed.
    """
    found = (_refusal(store, file) for file in files if file.format == "parquet")
    return next((refusal for refusal in found if refusal), None)


def _refusal(store: ObjectStore, file: InboxFile) -> InboxError | None:
    piece = Piece(file.key, file.origin, file.format, file.etag)
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=pickle.dumps((store, piece)),
            capture_output=True,
            timeout=_STARTS_S + file.size / _BYTES_PER_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # That it is slow proves nothing.
        return None
    if done.returncode < 0:
        found = f"one that ends the process that reads it ({signal.Signals(-done.returncode).name})"
        return InboxError(file.key, None, None, "a whole Parquet file", found)
    return InboxError(file.key, *json.loads(done.stdout)) if done.stdout else None


def main() -> None:
    """Reads the piece that standard input names; prints a refusal as JSON, or nothing."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    store, piece = pickle.load(sys.stdin.buffer)  # noqa: S301 - from `_refusal`
    try:
        for _ in PieceLines(store, piece).tables():
            pass
    except InboxError as problem:
        print(json.dumps([problem.line, problem.column, problem.expected, problem.found]))


if __name__ == "__main__":
    main()

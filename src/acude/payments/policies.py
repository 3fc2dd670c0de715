"""The policy that holds at the moment: read again when its file changes, without a restart."""

import logging
import time
from pathlib import Path
from typing import Final

from acude.risk.policy import Policy, PolicyError, read

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0


class CurrentPolicy:
    """Call it for the policy. A changed file that can't be used leaves the policy as it was, and is logged.

    Args:
        path: the policy's file.

    Raises:
        PolicyError: the file can't be used at the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._policy = read(path)
        self._stamp = _stamp(path)
        self._looked = time.monotonic()

    def __call__(self) -> Policy:
        """The policy; the file is looked at once a second."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            self._look()
        return self._policy

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._policy = read(self._path)
        except PolicyError as problem:
            about = {"version": self._policy.versao, "problem": str(problem)}
            log.error("policy kept: the new one can't be used", extra=about)  # noqa: TRY400 - a sentence is enough
        else:
            log.warning("policy changed", extra={"version": self._policy.versao})


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino

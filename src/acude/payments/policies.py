"""The policy that holds at the moment: read again when its file changes, without a restart."""

import logging
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from acude.payments.notes import Notes, NotesFullError
from acude.payments.trail import POLICY, happened
from acude.risk.policy import Policy, PolicyError, read

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0


class CurrentPolicy:
    """Call it for the policy. A changed file that can't be used leaves the policy as it was, and is logged.

    Args:
        path: the policy's file.
        taken_up: told of each policy that holds from now on, the first one too.

    Raises:
        PolicyError: the file can't be used at the start.
    """

    def __init__(self, path: Path, taken_up: Callable[[Policy], None] = lambda _: None) -> None:
        self._path = path
        self._taken_up = taken_up
        self._policy = read(path)
        self._stamp = _stamp(path)
        self._looked = time.monotonic()
        taken_up(self._policy)

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
            log.error("policy kept at %s: %s", self._policy.versao, problem)  # noqa: TRY400 - a sentence is enough
        else:
            log.warning("policy is now %s", self._policy.versao)
            self._taken_up(self._policy)


def noted(notes: Notes) -> Callable[[Policy], None]:
    """Puts each policy that this process takes up into the trail, with all that it says."""
    who = f"risk-worker@{platform.node()}:{os.getpid()}"

    def taken_up(policy: Policy) -> None:
        with suppress(NotesFullError):  # the database is away for long; decisions say which policy they were made with
            notes.add(happened(POLICY, who, policy.versao, politica=policy.model_dump(mode="json")))

    return taken_up


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino

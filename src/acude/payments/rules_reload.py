"""The rules in force and the candidate beside them: loaded again when they change, without a restart."""

import logging
import os
import platform
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from acude.payments.audit_buffer import AuditBuffer, AuditBufferFullError
from acude.payments.audit_log import POLICY, audit_event
from acude.payments.version_log import VersionError
from acude.payments.versions import Versions
from acude.risk.drift import DriftError, Reference
from acude.risk.model import CARD
from acude.risk.rules import CandidateError, Rules
from acude.settings import Settings

log = logging.getLogger(__name__)

_CHECK_EVERY_S: Final = 1.0


class ReloadingRules:
    """Call it for the rules in force. New rules that can't be used are logged, and the old ones stay.

    Args:
        config: says where the versions are, and the rules that hold until one is promoted.
        on_change: called with this object after each change, and once at the start.

    Attributes:
        shadow: the candidate to compare; None where there is none, or it can't be used.
        reference: what today's payments are compared with; None where there is none.
        refused: what could not be loaded, and why, a sentence each.

    Raises:
        CandidateError: the rules can't be used at the start.
        VersionError: S3 does not answer at the start, and this host has never asked it before.
    """

    def __init__(self, config: Settings, on_change: Callable[["ReloadingRules"], None] = lambda _: None) -> None:
        self._versions = Versions(config, or_copy=True)
        self._watched = [config.risk_policy]
        if config.risk_model:
            self._watched.append(config.risk_model / CARD)
        self._on_change = on_change
        self._stamps, self._away = self._stamp()
        self._rules = self._versions.load(self._versions.live())
        self.shadow: Rules | None = None
        self.reference: Reference | None = None
        self.refused: tuple[str, ...] = ()
        self._load()

    def __call__(self) -> Rules:
        """The rules."""
        return self._rules

    def follow(self, stop: threading.Event) -> threading.Thread:
        """Checks once a second until `stop` is set, in a thread: no payment waits for a file or a model's first run."""

        def poll() -> None:
            while not stop.wait(_CHECK_EVERY_S):
                self.reload()

        thread = threading.Thread(target=poll, name="rules", daemon=True)
        thread.start()
        return thread

    def reload(self) -> None:
        """Loads what has changed. Where S3 does not answer, the rules stay."""
        stamps, away = self._stamp()
        if (stamps, away) != (self._stamps, self._away):
            self._stamps, self._away = stamps, away
            self._load()

    def _load(self) -> None:
        refused = [self._away] if self._away else []
        for load in (self._load_live, self._load_shadow, self._load_reference):
            try:
                load()
            except (CandidateError, VersionError, DriftError) as problem:
                refused.append(str(problem))
        self.refused = tuple(dict.fromkeys(refused))
        for one in self.refused:
            about = {"version": self._rules.policy.versao, "problem": one}
            log.error("rules kept: others can't be used", extra=about)
        self._on_change(self)

    def _load_live(self) -> None:
        found = self._versions.load(self._versions.live())
        if found.sha256 != self._rules.sha256:
            log.warning("rules changed", extra={"version": found.policy.versao, "model": found.model_version})
            self._rules = found

    def _load_shadow(self) -> None:
        # Where the candidate can't be used its predecessor must not stay: comparisons would carry the wrong version.
        before, self.shadow = self.shadow, None
        if wanted := self._versions.shadow():
            self.shadow = before if before and before.sha256 == wanted else self._versions.load(wanted)

    def _load_reference(self) -> None:
        self.reference = self._versions.reference() or self._rules.reference

    def _stamp(self) -> tuple[list[object], str]:
        """What changes with what is watched, and why S3 could not be asked."""
        files: list[object] = [_stamp(path) for path in self._watched]
        try:
            return files + self._versions.stamps(), ""
        except VersionError as problem:
            return files, str(problem)


def audited(buffer: AuditBuffer) -> Callable[[ReloadingRules], None]:
    """Writes the rules that this process loads to the audit log, with their whole content."""
    who = f"risk-worker@{platform.node()}:{os.getpid()}"
    last: list[str] = []

    def changed(current: ReloadingRules) -> None:
        rules = current()
        if last == [rules.sha256]:
            return
        last[:] = [rules.sha256]
        content = {
            "politica": rules.policy.model_dump(mode="json"),
            "modelo": rules.model_version,
            "sha256": rules.sha256,
        }
        # Where the database is away for long the event is lost; each decision names the rules that made it.
        with suppress(AuditBufferFullError):
            buffer.add(audit_event(POLICY, who, rules.policy.versao, **content))

    return changed


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino

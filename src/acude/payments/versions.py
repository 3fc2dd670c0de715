"""The versions that decide or are compared, as plain files, without a database.

    versoes/<first 16 digits of the sha256>/   a version's files, never changed again
    mudancas.jsonl                             every change, with person, time and reason (`version_log`)

A change is one rename of `mudancas.jsonl`, so a reader sees all of it or nothing.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from acude.payments import version_log
from acude.payments.version_log import Action, Change, VersionError
from acude.risk.drift import Reference
from acude.risk.rules import (
    REFERENCE,
    RULES,
    CandidateError,
    Files,
    Rules,
    files_of,
    installed,
    installed_files,
    json_bytes,
    read_folder,
)
from acude.settings import Settings

_FOLDER: Final = "versoes"
_CHANGES: Final = "mudancas.jsonl"
_LOCK: Final = ".trava"
_DIGITS: Final = 16


class Versions:
    """The store.

    Args:
        config: says where it is, and which rules are in force until one is promoted.
    """

    def __init__(self, config: Settings) -> None:
        self._config = config
        self.folder = config.risk_versions or config.var / "risco"

    @property
    def log(self) -> Path:
        """The file of changes; each change replaces it."""
        return self.folder / _CHANGES

    def changes(self) -> list[Change]:
        """Every change, oldest first.

        Raises:
            VersionError: the file can't be read.
        """
        return version_log.read(self.log)

    def live(self) -> str:
        """The sha256 of the promoted version that decides; empty where the settings' rules do."""
        return (version_log.promoted(self.changes()) or [""])[-1]

    def shadow(self) -> str:
        """The sha256 of the version that is compared; empty where none is."""
        return version_log.shadow(self.changes())

    def load(self, sha256: str) -> Rules:
        """A version's rules; those that the settings name for an empty sha256.

        Raises:
            CandidateError: its files can't be used, or are not those that were added.
        """
        if not sha256:
            return installed(self._config.risk_policy, self._config.risk_model)
        found = Rules.load(self.place(sha256))
        if found.sha256 != sha256:
            raise CandidateError(
                f"{self.place(sha256)}: expected sha256 {sha256}, found {found.sha256}: it was changed"
            )
        return found

    def place(self, sha256: str) -> Path:
        """The folder of a version."""
        return self.folder / _FOLDER / sha256[:_DIGITS]

    def promote(self, candidate: Path, *, who: str, why: str) -> Change:
        """Makes a candidate the version that decides.

        Raises:
            VersionError: the candidate can't be used, decides already, or has the name of another version.
        """
        with self._alone():
            rules = self._add(candidate)
            before = self.live()
            if rules.sha256 == (before or self.load("").sha256):
                raise VersionError(f"{rules.policy.versao} with model {rules.model_version} decides already")
            return self._write(Action.PROMOTE, rules.sha256, rules, before, who=who, why=why)

    def rollback(self, *, who: str, why: str) -> Change:
        """Makes the version decide that decided before the live one was promoted.

        Raises:
            VersionError: there is no earlier one, or it can't be used any more.
        """
        with self._alone():
            stack = version_log.promoted(self.changes())
            if not stack:
                raise VersionError("nothing was promoted, so there is nothing to go back from")
            before = ["", *stack][-2]
            return self._write(Action.ROLLBACK, before, self._usable(before), stack[-1], who=who, why=why)

    def set_shadow(self, candidate: Path, *, who: str, why: str) -> Change:
        """Compares a candidate from now on, in the place of the current one.

        Raises:
            VersionError: the candidate can't be used, or has the name of another version.
        """
        with self._alone():
            rules = self._add(candidate)
            return self._write(Action.SHADOW, rules.sha256, rules, self.shadow(), who=who, why=why)

    def end_shadow(self, *, who: str, why: str) -> Change:
        """Ends the comparison.

        Raises:
            VersionError: no candidate is compared.
        """
        with self._alone():
            before = self.shadow()
            if not before:
                raise VersionError("no candidate is compared")
            return self._write(Action.NO_SHADOW, "", self._usable(before), before, who=who, why=why)

    @contextmanager
    def candidate(self, given: Path) -> Iterator[tuple[Path, Rules]]:
        """A candidate's rules and a folder with its files. What it does not bring is the live version's.

        Raises:
            VersionError: it can't be used.
        """
        with tempfile.TemporaryDirectory(prefix="acude-candidata-") as scratch:
            folder = Path(scratch)
            try:
                live = self.live()
                kept = read_folder(self.place(live)) if live else self._installed_files()
                _write_files(folder, files_of(given, kept))
                rules = Rules.load(folder)
            except (CandidateError, OSError) as problem:
                raise VersionError(str(problem)) from problem
            yield folder, rules

    def _installed_files(self) -> Files:
        return installed_files(self._config.risk_policy, self._config.risk_model)

    def pin(self, reference: Reference) -> Path:
        """Compares today's payments with this reference, instead of the live version's own."""
        with self._alone():
            _replace(self.pinned, json_bytes(reference))
        return self.pinned

    @property
    def pinned(self) -> Path:
        """The file of the pinned reference; there may be none."""
        return self.folder / REFERENCE

    def _usable(self, sha256: str) -> Rules:
        try:
            return self.load(sha256)
        except CandidateError as problem:
            raise VersionError(str(problem)) from problem

    def _add(self, candidate: Path) -> Rules:
        with self.candidate(candidate) as (folder, rules):
            files, place = read_folder(folder), self.place(rules.sha256)
            self._refuse_a_taken_name(files, rules)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(dir=place.parent, prefix="."))
            try:
                _write_files(draft, files)
                draft.chmod(0o755)
                draft.rename(place)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        # Load it as the workers will.
        return self._usable(rules.sha256)

    def _refuse_a_taken_name(self, files: Files, rules: Rules) -> None:
        """Decisions carry the policy's version: one name must mean one content."""
        name = rules.policy.versao
        named = [self.place(one.sha256) / RULES for one in self.changes() if one.sha256 and one.versao_regras == name]
        texts = [path.read_bytes() for path in named if path.exists()]
        with suppress(CandidateError):
            if self.load("").policy.versao == name:
                texts.append(self._installed_files()[RULES])
        if any(text != files[RULES] for text in texts):
            raise VersionError(f"versao {name} is the name of other rules; give the candidate a versao of its own")

    def _write(self, action: Action, sha256: str, rules: Rules, before: str, *, who: str, why: str) -> Change:
        change = Change(
            acao=action,
            sha256=sha256,
            versao_regras=rules.policy.versao,
            versao_modelo=rules.model_version,
            anterior=before,
            quem=who,
            quando=datetime.now(UTC),
            por_que=why,
        )
        _replace(self.log, version_log.encoded([*self.changes(), change]))
        return change

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _write_files(folder: Path, files: Files) -> None:
    for name, content in files.items():
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    """Replaces a file in one step, safe from a loss of power."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).chmod(0o644)
    Path(draft).rename(path)

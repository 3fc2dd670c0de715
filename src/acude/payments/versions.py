"""The versions that decide or are compared: what is promoted, gone back from and compared, on S3 for all hosts.

A change replaces one object with the log of all changes, and only where nobody changed it meanwhile. So a reader sees
all of a change or nothing, and no database is needed.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from acude.payments import version_log
from acude.payments.version_log import Action, Change, VersionError
from acude.payments.version_objects import CHANGES, VersionObjects
from acude.risk import drift
from acude.risk.drift import Reference
from acude.risk.rules import (
    MODEL,
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


class Proposal(NamedTuple):
    """A change that is to be made: what is done, the version from then on, its rules, and the one before."""

    action: Action
    sha256: str
    rules: Rules
    before: str


class Versions:
    """The versions.

    Args:
        config: says where they are, and which rules are in force until one is promoted.
        or_copy: where S3 does not answer, what this host knows of it is taken.
    """

    def __init__(self, config: Settings, *, or_copy: bool = False) -> None:
        self._config = config
        self.objects = VersionObjects(config, or_copy=or_copy)

    def changes(self) -> list[Change]:
        """Every change, oldest first.

        Raises:
            VersionError: the log can't be read.
        """
        return self._seen()[0]

    def live(self) -> str:
        """The sha256 of the promoted version that decides; empty where the settings' rules do."""
        return version_log.live(self.changes())

    def shadow(self) -> str:
        """The sha256 of the version that is compared; empty where none is."""
        return version_log.shadow(self.changes())

    def reference(self) -> Reference | None:
        """The pinned reference of drift; None where none is.

        Raises:
            DriftError: it is none.
            VersionError: it can't be read.
        """
        found = self.objects.read(REFERENCE)
        return drift.decoded(found[0], self.objects.address(REFERENCE)) if found else None

    def stamps(self) -> list[str | None]:
        """Differ where a change was made or a reference pinned.

        Raises:
            VersionError: S3 does not answer.
        """
        return [self.objects.etag(name) for name in (CHANGES, REFERENCE)]

    def load(self, sha256: str) -> Rules:
        """A version's rules; those that the settings name for an empty sha256.

        Raises:
            CandidateError: its files can't be used, or are not those that were added.
            VersionError: they can't be read.
        """
        if not sha256:
            return installed(self._config.risk_policy, self._config.risk_model)
        folder = self.objects.version(sha256)
        found = Rules.load(folder)
        if found.sha256 != sha256:
            raise CandidateError(f"{folder}: expected sha256 {sha256}, found {found.sha256}: it was changed")
        return found

    def live_model(self) -> Files | None:
        """Files of the model that decides; None where the live version has none."""
        files = self._files(self.live())
        return {name: files[name] for name in MODEL} if MODEL[0] in files else None

    def promote(self, candidate: Path, *, who: str, why: str) -> Change:
        """Makes a candidate the version that decides.

        Raises:
            VersionError: the candidate can't be used, decides already, or has the name of another version.
        """

        def proposed(changes: Sequence[Change]) -> Proposal:
            rules, before = self._add(candidate, changes), version_log.live(changes)
            if rules.sha256 == (before or self.load("").sha256):
                raise VersionError(f"{rules.policy.versao} with model {rules.model_version} decides already")
            return Proposal(Action.PROMOTE, rules.sha256, rules, before)

        return self._change(proposed, who=who, why=why)

    def rollback(self, *, who: str, why: str) -> Change:
        """Makes the version decide that decided before the live one was promoted.

        Raises:
            VersionError: there is no earlier one, or it can't be used any more.
        """

        def proposed(changes: Sequence[Change]) -> Proposal:
            stack = version_log.promoted(changes)
            if not stack:
                raise VersionError("nothing was promoted, so there is nothing to go back from")
            before = ["", *stack][-2]
            return Proposal(Action.ROLLBACK, before, self._usable(before), stack[-1])

        return self._change(proposed, who=who, why=why)

    def set_shadow(self, candidate: Path, *, who: str, why: str) -> Change:
        """Compares a candidate from now on, in the place of the current one.

        Raises:
            VersionError: the candidate can't be used, or has the name of another version.
        """

        def proposed(changes: Sequence[Change]) -> Proposal:
            rules = self._add(candidate, changes)
            return Proposal(Action.SHADOW, rules.sha256, rules, version_log.shadow(changes))

        return self._change(proposed, who=who, why=why)

    def end_shadow(self, *, who: str, why: str) -> Change:
        """Ends the comparison.

        Raises:
            VersionError: no candidate is compared.
        """

        def proposed(changes: Sequence[Change]) -> Proposal:
            before = version_log.shadow(changes)
            if not before:
                raise VersionError("no candidate is compared")
            return Proposal(Action.NO_SHADOW, "", self._usable(before), before)

        return self._change(proposed, who=who, why=why)

    @contextmanager
    def candidate(self, given: Path) -> Iterator[tuple[Path, Rules]]:
        """A candidate's rules and a folder with its files. What it does not bring is the live version's.

        Raises:
            VersionError: it can't be used.
        """
        with self._completed(given, self.live()) as found:
            yield found

    @contextmanager
    def _completed(self, given: Path, live: str) -> Iterator[tuple[Path, Rules]]:
        with tempfile.TemporaryDirectory(prefix="acude-candidata-") as scratch:
            folder = Path(scratch)
            try:
                for name, content in files_of(given, self._files(live)).items():
                    (folder / name).write_bytes(content)
                rules = Rules.load(folder)
            except (CandidateError, OSError) as problem:
                raise VersionError(str(problem)) from problem
            yield folder, rules

    def _files(self, sha256: str) -> Files:
        return read_folder(self.objects.version(sha256)) if sha256 else self._installed_files()

    def _installed_files(self) -> Files:
        return installed_files(self._config.risk_policy, self._config.risk_model)

    def pin(self, reference: Reference) -> str:
        """Compares today's payments with this reference, instead of the live version's own; says where it lies.

        Raises:
            VersionError: S3 does not answer.
        """
        self.objects.put(REFERENCE, json_bytes(reference))
        return self.objects.address(REFERENCE)

    def _usable(self, sha256: str) -> Rules:
        try:
            return self.load(sha256)
        except CandidateError as problem:
            raise VersionError(str(problem)) from problem

    def _add(self, candidate: Path, changes: Sequence[Change]) -> Rules:
        with self._completed(candidate, version_log.live(changes)) as (folder, rules):
            files = read_folder(folder)
        self._refuse_a_taken_name(files, rules, changes)
        self.objects.add(rules.sha256, files)
        # Load it as the workers will.
        return self._usable(rules.sha256)

    def _refuse_a_taken_name(self, files: Files, rules: Rules, changes: Sequence[Change]) -> None:
        """Decisions carry the policy's version: one name must mean one content."""
        name = rules.policy.versao
        named = {one.sha256 for one in changes if one.sha256 and one.versao_regras == name}
        texts = [read_folder(self.objects.version(one)).get(RULES) for one in named]
        with suppress(CandidateError):
            if self.load("").policy.versao == name:
                texts.append(self._installed_files()[RULES])
        if any(text is not None and text != files[RULES] for text in texts):
            raise VersionError(f"versao {name} is the name of other rules; give the candidate a versao of its own")

    def _seen(self) -> tuple[list[Change], str | None]:
        """The changes, and the ETag of their log."""
        content, etag = self.objects.read(CHANGES) or (b"", None)
        return version_log.decoded(content, self.objects.address(CHANGES)), etag

    def _change(self, proposed: Callable[[Sequence[Change]], Proposal], *, who: str, why: str) -> Change:
        """Adds a change to the log; where another process was faster, it is proposed again in the light of that."""
        while True:
            changes, etag = self._seen()
            action, sha256, rules, before = proposed(changes)
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
            if self.objects.replace(CHANGES, version_log.encoded([*changes, change]), etag):
                return change

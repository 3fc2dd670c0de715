"""What decides: a policy and, beside it, a model. Read from files, and checked before anything uses it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, Self

import msgspec

from acude.errors import AcudeError
from acude.risk import drift, model, policy
from acude.risk.decision import NO_MODEL, decide
from acude.risk.drift import Reference
from acude.risk.model import Model, ModelError
from acude.risk.payment import Payment
from acude.risk.policy import Policy, PolicyError
from acude.risk.velocity import Past

RULES: Final = "regras.yaml"
MODEL: Final = (model.CARD, model.GRAPH)
REFERENCE: Final = "referencia.json"
"""Names of a version's files: the policy, the model, and the shares of the inputs it learnt from."""

_ALSO_RULES: Final = ("policy.yaml",)

MOST_BYTES: Final = 20_000_000
"""Of a file: a worker loads it beside its payments."""

Files = Mapping[str, bytes]


class CandidateError(AcudeError):
    """A candidate that can't decide; says what was expected and what was found."""


@dataclass(frozen=True)
class Rules:
    """A policy with its model.

    Attributes:
        policy: weights and cut-offs.
        model: asked where the policy gives it a weight; None: there is none.
        sha256: of all of its files.
        reference: what the model's inputs looked like while it learnt; None: not known.
    """

    policy: Policy
    model: Model | None = None
    sha256: str = ""
    reference: Reference | None = None

    @property
    def model_version(self) -> str:
        """The model's, `nenhum` without one."""
        return self.model.card.version if self.model else NO_MODEL

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The rules of a folder that holds a version's files.

        Raises:
            CandidateError: one of them can't be used.
        """
        try:
            sha256 = digest(read_folder(folder))
            found = cls(
                policy.read(folder / RULES),
                Model.load(folder) if (folder / model.CARD).exists() else None,
                sha256,
                _reference(folder),
            )
            found.try_out()
        except (PolicyError, ModelError, OSError, drift.DriftError) as problem:
            raise CandidateError(str(problem)) from problem
        except CandidateError:
            raise
        except Exception as problem:
            raise CandidateError(f"{folder}: it fails on a payment: {type(problem).__name__}: {problem}") from problem
        return found

    def try_out(self) -> None:
        """Decides a payment without a past. Rules that fail, fail now; and a model's slow first run is over."""
        opinion = self.model.opinion(_TRIAL) if self.model else None
        decide(_TRIAL, self.policy, opinion)


def installed(policy_file: Path, model_folder: Path | None) -> Rules:
    """The rules that the settings name.

    Raises:
        CandidateError: they can't be used.
    """
    try:
        return Rules(
            policy.read(policy_file),
            Model.load(model_folder) if model_folder else None,
            digest(installed_files(policy_file, model_folder)),
            _reference(model_folder) if model_folder else None,
        )
    except (PolicyError, ModelError, OSError, drift.DriftError) as problem:
        raise CandidateError(str(problem)) from problem


def installed_files(policy_file: Path, model_folder: Path | None) -> Files:
    """Their files by the names that they have in a version's folder."""
    found = {RULES: policy_file.read_bytes()}
    if model_folder:
        found |= {name: one for name, one in read_folder(model_folder).items() if name != RULES}
    return found


def files_of(candidate: Path, live: Files) -> Files:
    """A candidate's files by name; what it doesn't bring is the live version's.

    Args:
        candidate: a policy's file; or a folder with a model, a policy (`regras.yaml`), or both.
        live: the live version's files.

    Raises:
        CandidateError: it is neither.
    """
    if candidate.is_file():
        return {**live, RULES: candidate.read_bytes()}
    brought = dict(read_folder(candidate)) if candidate.is_dir() else {}
    if not brought:
        raise CandidateError(
            f"{candidate}: expected a policy's YAML file, or a folder with {RULES}, {' and '.join(MODEL)}, or all three"
        )
    kept = {} if model.CARD in brought else {name: one for name, one in live.items() if name != RULES}
    return {**kept, RULES: live[RULES], **brought}


def read_folder(folder: Path) -> Files:
    """The files of a version that lie in the folder.

    Raises:
        CandidateError: one is too large.
    """
    found = {name: folder / name for name in (RULES, *MODEL, REFERENCE)}
    for other in _ALSO_RULES:
        if not found[RULES].exists():
            found[RULES] = folder / other
    present = {name: path for name, path in found.items() if path.exists()}
    for path in present.values():
        if path.stat().st_size > MOST_BYTES:
            raise CandidateError(f"{path}: expected at most {MOST_BYTES:,} bytes, found {path.stat().st_size:,}")
    return {name: path.read_bytes() for name, path in present.items()}


def digest(files: Files) -> str:
    """One sha256 for all files.

    >>> digest({"b": b"2", "a": b"1"}) == digest({"a": b"1", "b": b"2"})
    True
    >>> digest({"a": b"12"}) == digest({"a": b"1", "b": b"2"})
    False
    """
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _reference(folder: Path) -> Reference | None:
    return drift.read(folder / REFERENCE) if (folder / REFERENCE).exists() else None


def json_bytes(value: object) -> bytes:
    """Readable JSON."""
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


_TRIAL: Final = Past(
    Payment(
        id_transacao="ensaio",
        tipo_pagamento="pix",
        operacao="pagamento",
        valor=Decimal("1.00"),
        moeda="BRL",
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        id_pagador="ensaio",
        documento_pagador="00000000000",
        id_recebedor="ensaio",
        chave_pix="ensaio",
    ),
    {},
)

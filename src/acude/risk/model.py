"""The model that decides beside the signals: boosted trees, read from a file that says which inputs it wants."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession, SessionOptions

from acude.errors import AcudeError
from acude.risk import inputs
from acude.risk.decision import MODEL_PREFIX, Opinion, Reason
from acude.risk.velocity import Past

GRAPH: Final = "modelo.onnx"
CARD: Final = "modelo.json"
PROBABILITIES: Final = "probabilities"
MOST_REASONS: Final = 5

_FRAUD: Final = 1


class ModelError(AcudeError):
    """A model that can't be used; says what was expected, what was found and what to do."""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be known of a model: `modelo.json`.

    Attributes:
        version: goes into each decision.
        sha256: of `modelo.onnx`.
        inputs: names in the order of the columns.
        baseline: each input's median while it learnt; none where most payments had none.
        trained_from: event time of what it learnt from, this included.
        trained_until: this excluded.
        known_at: what came later than this was not looked at; the same days, moment and seed give the same model.
        metrics: by name; docs/model-card.md says what they mean.
        seed: with it the same data give the same trees.
        libraries: names and versions.
    """

    version: str
    sha256: str
    inputs: tuple[str, ...]
    baseline: tuple[float | None, ...]
    trained_from: datetime
    trained_until: datetime
    known_at: datetime | None = None
    metrics: dict[str, float]
    seed: int
    libraries: dict[str, str]


class Model:
    """A loaded model. Takes one core and a fraction of a millisecond for an opinion; may be shared by threads."""

    def __init__(self, card: Card, session: InferenceSession) -> None:
        self.card = card
        self._session = session
        self._column: str = session.get_inputs()[0].name
        self._baseline = np.array(card.baseline, np.float32)
        self._codes = tuple(MODEL_PREFIX + name.upper() for name in card.inputs)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads a model that `acude.risk_history.training` made.

        Raises:
            ModelError: a file is missing or was changed, or the model wants other inputs than this code computes.
        """
        try:
            return cls.of({name: (folder / name).read_bytes() for name in (CARD, GRAPH)}, str(folder))
        except OSError as problem:
            raise ModelError(f"{folder}: expected {CARD} and {GRAPH} of one training: {problem}") from problem

    @classmethod
    def of(cls, files: Mapping[str, bytes], place: str) -> Self:
        """A model's files by name; `place` says where they come from.

        Raises:
            ModelError: as `load`.
        """
        try:
            card = msgspec.json.decode(files[CARD], type=Card)
        except msgspec.MsgspecError as problem:
            raise ModelError(f"{place}: expected {CARD} and {GRAPH} of one training: {problem}") from problem
        _check(place, card, files[GRAPH])
        return cls(card, InferenceSession(files[GRAPH], session_options(), providers=["CPUExecutionProvider"]))

    def chances(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Probabilities of fraud, one for each row of inputs."""
        (found,) = self._session.run([PROBABILITIES], {self._column: matrix})
        return np.asarray(found[:, _FRAUD], np.float32)

    def opinion(self, past: Past) -> Opinion:
        """Probability of fraud, and the inputs without which it would be lower.

        An input's share is what the probability loses when the input alone gets its usual value. Inputs that say the
        same thing hide each other, so shares don't add up to the probability.
        """
        probabilities = self._probabilities(inputs.vector(past))
        shares = probabilities[0] - probabilities[1:]
        heaviest = np.argsort(-shares, kind="stable")[:MOST_REASONS]
        reasons = tuple(Reason(self._codes[place], float(shares[place])) for place in heaviest if shares[place] > 0)
        return Opinion(self.card.version, float(probabilities[0]), reasons)

    def _probabilities(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The payment's, then for each input that of the payment with the input's usual value."""
        rows = np.tile(values, (len(values) + 1, 1))
        np.fill_diagonal(rows[1:], self._baseline)
        return self.chances(rows)


def session_options() -> SessionOptions:
    """One thread: an opinion is too short to be divided, and idle threads would spin."""
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options


def _check(place: str, card: Card, graph: bytes) -> None:
    digest = hashlib.sha256(graph).hexdigest()
    if digest != card.sha256:
        raise ModelError(f"{place}/{GRAPH}: expected sha256 {card.sha256}, found {digest}; train again")
    if card.inputs != inputs.NAMES or len(card.baseline) != len(card.inputs):
        other = sorted(set(card.inputs) ^ set(inputs.NAMES)) or "only their order differs"
        raise ModelError(f"{place}/{CARD}: expected the inputs of acude.risk.inputs; {other}; train again")

"""The model that decides beside the signals: boosted trees, read from a file that says which inputs it wants."""

import hashlib
from collections.abc import Mapping, Sequence
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
        """Reads a model that `acude.risk_history.boosted_trees` made.

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
        return self.opinions([past])[0]

    def opinions(self, pasts: Sequence[Past]) -> list[Opinion]:
        """The opinion on each of them, the same as alone: asked together, the trees stay in the processor's cache."""
        if not pasts:
            return []
        probabilities = self._probabilities(np.array([inputs.vector(past) for past in pasts]))
        shares = probabilities[:, :1] - probabilities[:, 1:]
        heaviest = np.argsort(-shares, axis=1, kind="stable")[:, :MOST_REASONS].tolist()
        return [
            Opinion(
                self.card.version,
                whole,
                tuple(Reason(self._codes[place], share[place]) for place in places if share[place] > 0),
            )
            for whole, share, places in zip(probabilities[:, 0].tolist(), shares.tolist(), heaviest, strict=True)
        ]

    def _probabilities(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A row for each payment: its own, then for each input that of the payment with the input's usual value."""
        number, width = values.shape
        rows = np.repeat(values[:, np.newaxis], width + 1, axis=1)
        each = np.arange(width)
        rows[:, each + 1, each] = self._baseline
        # What has its usual value already changes nothing, so the trees are not asked.
        asked = np.ones((number, width + 1), bool)
        asked[:, 1:] = (values != self._baseline) & ~(np.isnan(values) & np.isnan(self._baseline))
        found = np.empty((number, width + 1), np.float32)
        found[asked] = self.chances(rows[asked])
        return np.where(asked, found, found[:, :1])


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

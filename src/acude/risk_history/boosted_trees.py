"""Boosted trees: learnt from a matrix of inputs, exported to ONNX, compared with scikit-learn's own answers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession
from skl2onnx import convert_sklearn
from skl2onnx.common._registration import get_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from acude.errors import AcudeError
from acude.risk import history, inputs
from acude.risk.history import History
from acude.risk.model import CARD, GRAPH, PROBABILITIES, Card, session_options
from acude.risk.payment import RECORD, Payment, Records, record
from acude.risk.rules import json_bytes
from acude.risk.velocity import KEPT_US, Past

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]

AGREEMENT: Final = 1e-5
"""So much may a probability of the exported model differ from scikit-learn's."""


_PACKAGES: Final = ("scikit-learn", "skl2onnx", "onnxruntime", "numpy")
_COLUMN: Final = "entradas"
_TREES: Final[dict[str, Any]] = {
    "learning_rate": 0.05,
    "max_iter": 200,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 20,
    "l2_regularization": 5.0,
    "max_features": 0.2,
    "early_stopping": False,
    "monotonic_cst": [one.grows for one in inputs.INPUTS],
}
"""Chosen on the four weeks before the test's. A week has some hundred frauds, and a fifth of them look like honest
payments: each split sees a fifth of the inputs, and what can only be suspicious never lowers the chance."""


class TrainingError(AcudeError):
    """A model that must not be used; says what was expected and what was found."""


@dataclass(frozen=True)
class TrainingSpan:
    """What a model learnt from: event time from `first` to before `end`, UTC."""

    first: datetime
    end: datetime


class Replay:
    """Payments of the past as the live store would have shown them, each at its own moment.

    Args:
        payments: in any order; of one moment the earlier in it was decided first.
        frauds: for each whether it turned out to be a fraud. When that became known is `Past`'s matter.
        entities: whose histories are kept.
    """

    def __init__(
        self,
        payments: Sequence[Payment],
        frauds: Sequence[bool] | Labels,
        entities: Sequence[str] = inputs.ENTITIES,
    ) -> None:
        rows: Records = np.frombuffer(b"".join(map(record, payments)), RECORD)
        self._rows = {name: rows[np.lexsort((rows["at"], rows[name]))] for name in entities}
        self._spans = {name: _spans(found[name]) for name, found in self._rows.items()}
        bad = rows[np.asarray(frauds, np.bool_)]
        bad = bad[np.lexsort((bad["at"], bad["terminal"]))]
        self._frauds = np.ascontiguousarray(bad["at"])
        self._fraud_spans = _spans(bad["terminal"])

    def past(self, payment: Payment) -> Past:
        """The payment with what is kept of its entities at its moment."""
        alone = Past(payment, {})
        begin, end = payment.at_us - KEPT_US, payment.at_us
        histories = {}
        for name, rows in self._rows.items():
            found = rows[self._spans[name].get(int(alone.own[name]), _NOWHERE)]
            first, last = (int(found["at"].searchsorted(*edge)) for edge in ((begin, "right"), (end, "left")))
            while last < len(found) and found["at"][last] == end and found["id"][last] != alone.own["id"]:
                last += 1
            oldest = max(first, last - history.MOST_RECORDS)
            histories[name] = History(found[oldest:last], history.by_hour(found[first:oldest]))
        moments = self._frauds[self._fraud_spans.get(int(alone.own["terminal"]), _NOWHERE)]
        first, last = moments.searchsorted((begin, end), "right")
        return Past(payment, histories, moments[first:last])


_NOWHERE: Final = slice(0, 0)


def replay(payments: Sequence[Payment], frauds: Sequence[bool] | Labels, since: datetime) -> Matrix:
    """The model's inputs, a row for each payment from `since` on, in the payments' order.

    Those before only make its past: 37 days of them are looked at.
    """
    book = Replay(payments, frauds)
    return np.array([inputs.vector(book.past(one)) for one in payments if one.timestamp >= since], np.float32)


def fit(matrix: Matrix, frauds: Labels, seed: int = 0) -> HistGradientBoostingClassifier:
    """Trees that tell frauds from honest payments; the same seed gives the same trees."""
    # An input that no payment has can't be sorted into bins; nothing is learnt from it.
    matrix = np.where(np.isnan(matrix).all(axis=0), np.float32(0), matrix)
    # OpenMP's threads wait for each other by spinning: beside other work they are slower together than one.
    with threadpool_limits(1, "openmp"):
        return HistGradientBoostingClassifier(**_TREES, random_state=seed).fit(matrix, frauds)


def exported(
    trees: HistGradientBoostingClassifier,
    learnt_from: Matrix,
    *,
    window: TrainingSpan,
    metrics: dict[str, float],
    seed: int = 0,
    known_at: datetime | None = None,
) -> tuple[Card, dict[str, bytes]]:
    """What must be known of the model, and its files: `modelo.onnx` and `modelo.json`.

    Raises:
        TrainingError: the exported model's probabilities are not those of the trees.
    """
    graph = _graph(trees)
    _check(graph, trees, learnt_from)
    digest = hashlib.sha256(graph).hexdigest()
    card = Card(
        version=f"{window.end:%Y-%m-%d}-{digest[:8]}",
        sha256=digest,
        inputs=inputs.NAMES,
        baseline=tuple(None if np.isnan(value) else float(value) for value in baseline(learnt_from)),
        trained_from=window.first,
        trained_until=window.end,
        known_at=known_at,
        metrics=metrics,
        seed=seed,
        libraries={name: version(name) for name in _PACKAGES},
    )
    return card, {GRAPH: graph, CARD: json_bytes(card)}


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """A model's files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def baseline(matrix: Matrix) -> Matrix:
    """Each input's median, NaN where most payments have none.

    >>> baseline(np.array([[1, np.nan], [2, np.nan], [5, 3]], np.float32)).tolist()
    [2.0, nan]
    """
    middle: Matrix = np.sort(matrix, axis=0)[len(matrix) // 2]
    return middle


def _graph(trees: HistGradientBoostingClassifier) -> bytes:
    kinds = [(_COLUMN, FloatTensorType([None, len(inputs.NAMES)]))]
    whole = convert_sklearn(
        trees,
        name="acude",
        initial_types=kinds,
        options={id(trees): {"zipmap": False}},
        custom_conversion_functions={HistGradientBoostingClassifier: _convert},
    )
    return bytes(select_model_inputs_outputs(whole, PROBABILITIES).SerializeToString())


def _convert(scope: object, operator: object, container: object) -> None:
    get_converter("SklearnHistGradientBoostingClassifier")(scope, operator, _Whole(container))


class _Whole:
    """skl2onnx 1.20 writes False among a node's whole numbers, which protobuf 7 refuses; here it becomes 0."""

    def __init__(self, container: Any) -> None:  # noqa: ANN401 - skl2onnx has no types
        self._container = container

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._container, name)

    def add_node(self, kind: str, inputs: object, outputs: object, **attributes: object) -> None:
        whole = {
            name: [int(one) if isinstance(one, bool) else one for one in value] if isinstance(value, list) else value
            for name, value in attributes.items()
        }
        self._container.add_node(kind, inputs, outputs, **whole)


def _check(graph: bytes, trees: HistGradientBoostingClassifier, matrix: Matrix) -> None:
    """Every row must have the same probability in both."""
    session = InferenceSession(graph, session_options(), providers=["CPUExecutionProvider"])
    (found,) = session.run([PROBABILITIES], {_COLUMN: matrix})
    worst = float(np.abs(found - trees.predict_proba(matrix)).max())
    if worst > AGREEMENT:
        raise TrainingError(f"ONNX and scikit-learn must agree within {AGREEMENT}; they differ by {worst:.2g}")


def _spans(keys: npt.NDArray[np.uint32]) -> dict[int, slice]:
    """Where each entity's rows stand in the sorted array."""
    found, first = np.unique(keys, return_index=True)
    edges = [*first.tolist(), len(keys)]
    return {key: slice(edges[place], edges[place + 1]) for place, key in enumerate(found.tolist())}

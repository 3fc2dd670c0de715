"""From payments and what came to light of them to a model, its figures and its reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from acude.errors import AcudeError
from acude.risk import drift, inputs
from acude.risk.drift import Reference
from acude.risk.model import Card
from acude.risk.payment import Payment
from acude.risk.rules import REFERENCE, json_bytes
from acude.risk.velocity import LABEL_DELAY_US
from acude.risk_history import training
from acude.risk_history.training import Labels, Matrix, TrainingSpan

LABELS_TAKE: Final = timedelta(microseconds=LABEL_DELAY_US)
"""A payment without a dispute counts as honest after this long."""
LEAST_FRAUDS: Final = 20
"""With fewer, the figures are chance."""

_LEARNT_SHARE: Final = 0.75
_READABLE: Final = "cartao.md"
_MORE: Final = "Take more days, or send what came to light of them to topic contestacoes."


class LearningError(AcudeError):
    """Payments that no model can be learnt from; says what was expected and what was found."""


@dataclass(frozen=True)
class Lesson:
    """What is learnt from.

    Attributes:
        payments: those of the window, and of the 37 days before it.
        frauds: ids of those that are known as frauds.
        unlabelled: ids of refused payments without a dispute. Nobody knows whether they were frauds. They are part of
            the others' past, but not learnt from: taken for honest, they would teach the model to let frauds through.
        window: of the payments that are learnt from, by event time.
        known_at: when the labels were read, UTC.
    """

    payments: Sequence[Payment]
    frauds: frozenset[str]
    unlabelled: frozenset[str]
    window: TrainingSpan
    known_at: datetime


def learn(lesson: Lesson, folder: Path, seed: int = 0) -> Card:
    """Writes a model with its card (`modelo.json`, and `cartao.md` to read) and its reference.

    The figures are those of trees that learnt from the first three quarters of the payments and scored the last one;
    the model that is written has learnt from all of them.

    Raises:
        LearningError: too few payments or frauds.
    """
    book = sorted((one for one in lesson.payments if one.timestamp < lesson.window.end), key=lambda one: one.at_us)
    frauds = np.array([one.id_transacao in lesson.frauds for one in book], np.bool_)
    learnt = np.array([one.timestamp >= lesson.window.first for one in book], np.bool_)
    known = np.array([one.id_transacao not in lesson.unlabelled for one in book], np.bool_)[learnt]
    own = frauds[learnt][known]
    _check(lesson, own)
    matrix = training.replay(book, frauds, lesson.window.first)
    # Drift is about all payments, refused ones too.
    bins = drift.of_inputs(inputs.NAMES, matrix)
    matrix = matrix[known]
    trees, metrics = training.fit(matrix, own, seed), figures(matrix, own, seed)
    card = training.save(trees, folder, matrix, window=lesson.window, metrics=metrics, seed=seed)
    reference = Reference(desde=lesson.window.first, ate=lesson.window.end, pagamentos=int(learnt.sum()), entradas=bins)
    (folder / REFERENCE).write_bytes(json_bytes(reference))
    (folder / _READABLE).write_text(_readable(card, lesson, len(known) - len(own)), encoding="utf-8")
    return card


def figures(matrix: Matrix, frauds: Labels, seed: int = 0) -> dict[str, float]:
    """Area under the ROC curve and average precision on the last quarter of the rows, of trees that have not seen it.

    Args:
        matrix: inputs, a row per payment, in the order of time.
        frauds: an entry per row; both parts have some of each kind.
        seed: of the trees.
    """
    cut = int(len(matrix) * _LEARNT_SHARE)
    chances = training.fit(matrix[:cut], frauds[:cut], seed).predict_proba(matrix[cut:])[:, 1]
    return {
        "auc_roc": round(float(roc_auc_score(frauds[cut:], chances)), 4),
        "precisao_media": round(float(average_precision_score(frauds[cut:], chances)), 4),
        "parte_de_fraudes_avaliada": round(float(frauds[cut:].mean()), 6),
        "pagamentos": len(matrix),
        "fraudes": int(frauds.sum()),
        "pagamentos_avaliados": len(matrix) - cut,
        "fraudes_avaliadas": int(frauds[cut:].sum()),
    }


def _check(lesson: Lesson, frauds: Labels) -> None:
    found = int(frauds.sum())
    window = f"{lesson.window.first:%Y-%m-%d} to before {lesson.window.end:%Y-%m-%d}"
    if found < LEAST_FRAUDS or found == len(frauds):
        raise LearningError(
            f"{window}: expected at least {LEAST_FRAUDS} known frauds among honest payments; "
            f"found {found} among {len(frauds)} payments.",
            _MORE,
        )
    cut = int(len(frauds) * _LEARNT_SHARE)
    if any(part.all() or not part.any() for part in (frauds[:cut], frauds[cut:])):
        raise LearningError(
            f"{window}: expected frauds and honest payments in the first three quarters and in the last one; "
            f"found {int(frauds[:cut].sum())} frauds and {int(frauds[cut:].sum())}.",
            _MORE,
        )


def _readable(card: Card, lesson: Lesson, left_out: int) -> str:
    found = card.metrics
    rows = {
        "payments learnt from": f"{found['pagamentos']:,.0f}",
        "frauds among them": f"{found['fraudes']:,.0f}",
        "refused payments of which nothing is known, left out": f"{left_out:,}",
        "scored: the last quarter, by trees that learnt from the rest": f"{found['pagamentos_avaliados']:,.0f}",
        "frauds among the scored": f"{found['fraudes_avaliadas']:,.0f}",
        "area under the ROC curve": f"{found['auc_roc']:.3f}",
        "average precision": f"{found['precisao_media']:.3f}",
        "average precision of a guess": f"{found['parte_de_fraudes_avaliada']:.4f}",
        "seed": str(card.seed),
        "libraries": ", ".join(f"{name} {one}" for name, one in card.libraries.items()),
    }
    young = lesson.window.end > lesson.known_at - LABELS_TAKE
    return "\n".join(
        [
            f"# Model {card.version}",
            "",
            f"Boosted trees, learnt from payments of {card.trained_from:%Y-%m-%d} to before",
            f"{card.trained_until:%Y-%m-%d} (UTC), and from what was known on {lesson.known_at:%Y-%m-%d %H:%M}.",
            f"sha256 of `modelo.onnx`: `{card.sha256}`.",
            *(["", _YOUNG] if young else []),
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in rows.items()),
            "",
            "A payment that was taken and of which nothing came to light counts as honest.",
            "",
        ]
    )


_YOUNG: Final = (
    "**Some of these payments are younger than 7 days: frauds among them may not be known yet, and count as honest.**"
)

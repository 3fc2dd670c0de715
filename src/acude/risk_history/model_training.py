"""From payments' inputs and what came to light of them to a model, its figures, its card and its reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sklearn.metrics import average_precision_score, roc_auc_score

from acude.errors import AcudeError
from acude.risk import drift, inputs
from acude.risk.drift import Reference
from acude.risk.model import Card, Model
from acude.risk.rules import REFERENCE, json_bytes
from acude.risk.velocity import LABEL_DELAY_US
from acude.risk_history import boosted_trees
from acude.risk_history.boosted_trees import Labels, Matrix, TrainingSpan

LABELS_TAKE: Final = timedelta(microseconds=LABEL_DELAY_US)
"""A payment without a dispute counts as honest after this long."""
LEAST_FRAUDS: Final = 20
"""With fewer, the figures are chance."""

AUC: Final = "auc_roc"
AP: Final = "precisao_media"
LIVE: Final = "_em_vigor"
"""Names of figures in the card; with `LIVE` behind it, of the model in force."""

_LEARNT_SHARE: Final = 0.75
READABLE: Final = "cartao.md"
_MORE: Final = "Take more days, or send what came to light of them to topic contestacoes."


class LearningError(AcudeError):
    """Payments that no model can be learnt from; says what was expected and what was found."""


@dataclass(frozen=True)
class TrainingSet:
    """What is learnt from: an entry per payment, in the order of time.

    Attributes:
        matrix: the model's inputs, as they were known when the payment was decided.
        frauds: which are known as frauds.
        labelled: which are known as frauds or not. Of a refused payment without a dispute nobody knows whether it was
            one. It is not learnt from: taken for honest, it would teach the model to let frauds through.
        window: of the payments, by event time.
        known_at: what came later was not looked at, UTC.
    """

    matrix: Matrix
    frauds: Labels
    labelled: Labels
    window: TrainingSpan
    known_at: datetime


def learn(training_set: TrainingSet, seed: int = 0, live: Model | None = None) -> dict[str, bytes]:
    """A model's files: `modelo.onnx`, `modelo.json`, the card to read (`cartao.md`), and the reference of drift.

    The figures are those of trees that learnt from the first three quarters of the payments and scored the last one;
    the model that is exported has learnt from all of them.

    Args:
        training_set: what is learnt from.
        seed: the same set and seed give the same files.
        live: the model in force, which scores the last quarter, too.

    Raises:
        LearningError: too few payments or frauds.
    """
    frauds = training_set.frauds[training_set.labelled]
    _check(training_set, frauds)
    matrix = training_set.matrix[training_set.labelled]
    trees, metrics = boosted_trees.fit(matrix, frauds, seed), figures(matrix, frauds, seed, live)
    card, files = boosted_trees.exported(
        trees, matrix, window=training_set.window, metrics=metrics, seed=seed, known_at=training_set.known_at
    )
    reference = Reference(
        desde=training_set.window.first,
        ate=training_set.window.end,
        pagamentos=len(training_set.matrix),
        # Drift is about all payments, refused ones too.
        entradas=drift.of_inputs(inputs.NAMES, training_set.matrix),
    )
    text = _readable(card, training_set, live)
    return {**files, REFERENCE: json_bytes(reference), READABLE: text.encode()}


def figures(matrix: Matrix, frauds: Labels, seed: int = 0, live: Model | None = None) -> dict[str, float]:
    """Area under the ROC curve and average precision on the last quarter of the rows, of trees that have not seen it.

    Args:
        matrix: inputs, a row per payment, in the order of time.
        frauds: an entry per row; both parts have some of each kind.
        seed: of the trees.
        live: the model in force; with it the figures have its own on the same rows, with `_em_vigor`.
    """
    cut = int(len(matrix) * _LEARNT_SHARE)
    scored, truth = matrix[cut:], frauds[cut:]
    chances = boosted_trees.fit(matrix[:cut], frauds[:cut], seed).predict_proba(scored)[:, 1]
    return {
        **_quality(truth, chances),
        **({name + LIVE: one for name, one in _quality(truth, live.chances(scored)).items()} if live else {}),
        "parte_de_fraudes_avaliada": round(float(truth.mean()), 6),
        "pagamentos": len(matrix),
        "fraudes": int(frauds.sum()),
        "pagamentos_avaliados": len(scored),
        "fraudes_avaliadas": int(truth.sum()),
    }


def _quality(truth: Labels, chances: Matrix) -> dict[str, float]:
    return {
        AUC: round(float(roc_auc_score(truth, chances)), 4),
        AP: round(float(average_precision_score(truth, chances)), 4),
    }


def _check(training_set: TrainingSet, frauds: Labels) -> None:
    found = int(frauds.sum())
    window = f"{training_set.window.first:%Y-%m-%d} to before {training_set.window.end:%Y-%m-%d}"
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


def _readable(card: Card, training_set: TrainingSet, live: Model | None) -> str:
    found, left_out = card.metrics, int((~training_set.labelled).sum())
    rows = {
        "payments learnt from": f"{found['pagamentos']:,.0f}",
        "frauds among them": f"{found['fraudes']:,.0f}",
        "refused payments of which nothing is known, left out": f"{left_out:,}",
        "scored: the last quarter, by trees that learnt from the rest": f"{found['pagamentos_avaliados']:,.0f}",
        "frauds among the scored": f"{found['fraudes_avaliadas']:,.0f}",
        "area under the ROC curve": f"{found['auc_roc']:.3f}",
        "average precision": f"{found['precisao_media']:.3f}",
        "average precision of a guess": f"{found['parte_de_fraudes_avaliada']:.4f}",
        **(_beside(live, found) if live else {}),
        "seed": str(card.seed),
        "libraries": ", ".join(f"{name} {one}" for name, one in card.libraries.items()),
    }
    young = training_set.window.end > training_set.known_at - LABELS_TAKE
    return "\n".join(
        [
            f"# Model {card.version}",
            "",
            f"Boosted trees, learnt from payments of {card.trained_from:%Y-%m-%d} to before",
            f"{card.trained_until:%Y-%m-%d} (UTC), and from what was known on {training_set.known_at:%Y-%m-%d %H:%M}.",
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


def _beside(live: Model, found: Mapping[str, float]) -> dict[str, str]:
    """The lines about the model in force."""
    return {
        f"the same payments scored by {live.card.version}, in force: area, average precision": (
            f"{found[AUC + LIVE]:.3f}, {found[AP + LIVE]:.3f}"
        )
    }


_YOUNG: Final = (
    "**Some of these payments are younger than 7 days: frauds among them may not be known yet, and count as honest.**"
)

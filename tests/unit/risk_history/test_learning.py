"""From payments and what came to light to a model: what is learnt, what is left out, what is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from acude.risk import drift, inputs
from acude.risk.drift import SIGNAL_PREFIX
from acude.risk.model import CARD, GRAPH, Model
from acude.risk.rules import REFERENCE
from acude.risk_history import learning, training
from acude.risk_history.learning import LearningError, Lesson, learn
from acude.risk_history.training import TrainingSpan
from benchmarks import handbook
from benchmarks.handbook import Setting

SETTING = Setting(customers=70, terminals=180, radius=15, days=54)
FIRST = handbook.midnight(SETTING.start) + timedelta(days=38)
END = FIRST + timedelta(days=16)


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """What is learnt from what is the same with a fifth of the trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(training._TREES, "max_iter", 40)
        yield


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    rows = handbook.generate(SETTING)
    payments = list(handbook.payments(rows))
    frauds = {one.id_transacao for one, fraud in zip(payments, rows.fraud.tolist(), strict=True) if fraud}
    return Lesson(payments, frozenset(frauds), frozenset(), TrainingSpan(FIRST, END), known_at=END + timedelta(days=8))


@pytest.fixture(scope="module")
def folder(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("modelo")
    learn(lesson, found)
    return found


def test_a_folder_has_what_a_promotion_takes_and_a_card_to_read(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {CARD, GRAPH, REFERENCE, "cartao.md"}
    card = Model.load(folder).card
    text = (folder / "cartao.md").read_text()
    assert card.version in text
    assert card.sha256 in text
    assert f"| {card.metrics['auc_roc']:.3f} |" in text
    assert "younger than 7 days" not in text


def test_the_figures_are_of_payments_that_the_scoring_trees_have_not_seen(folder: Path, lesson: Lesson) -> None:
    metrics = Model.load(folder).card.metrics
    learnt = [one for one in lesson.payments if FIRST <= one.timestamp < END]
    assert metrics["pagamentos"] == len(learnt)
    assert metrics["pagamentos_avaliados"] == len(learnt) - int(len(learnt) * 0.75)
    assert 0 < metrics["fraudes_avaliadas"] < metrics["fraudes"]
    assert metrics["auc_roc"] > 0.6, "better than a guess"


def test_shuffled_labels_teach_nothing() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(4_000, len(inputs.NAMES))).astype(np.float32)
    assert learning.figures(matrix, rng.random(4_000) < 0.3)["auc_roc"] == pytest.approx(0.5, abs=0.08)


def test_the_reference_is_what_the_payments_look_like(folder: Path) -> None:
    reference = drift.read(folder / REFERENCE)
    assert set(reference.entradas) == set(inputs.NAMES), "scores and signals are the policy's"
    assert not [name for name in reference.entradas if name.startswith(SIGNAL_PREFIX)]
    for bins in reference.entradas.values():
        assert sum(bins.partes) == pytest.approx(1)


def test_the_order_of_the_payments_does_not_matter(lesson: Lesson, folder: Path, tmp_path: Path) -> None:
    learn(replace(lesson, payments=lesson.payments[::-1]), tmp_path)
    assert Model.load(tmp_path).card.sha256 == Model.load(folder).card.sha256


def test_a_refused_payment_of_which_nothing_can_come_to_light_teaches_nothing(lesson: Lesson, tmp_path: Path) -> None:
    learnt = [one.id_transacao for one in lesson.payments if FIRST <= one.timestamp < END]
    refused = frozenset(learnt[::10]) - lesson.frauds
    card = learn(replace(lesson, unlabelled=refused), tmp_path)
    assert card.metrics["pagamentos"] == len(learnt) - len(refused)
    book = sorted(lesson.payments, key=lambda one: one.at_us)
    bad = [one.id_transacao in lesson.frauds for one in book]
    told = np.array([one.id_transacao not in refused for one in book if one.timestamp >= FIRST])
    matrix, own = training.replay(book, bad, FIRST)[told], np.array(bad)[-len(told) :][told]
    assert card.metrics == learning.figures(matrix, own), "it learnt from the others' rows, with their own labels"
    assert f"left out | {len(refused)} |" in (tmp_path / "cartao.md").read_text()
    assert drift.read(tmp_path / REFERENCE).pagamentos == len(learnt)


def test_young_labels_are_told(lesson: Lesson, tmp_path: Path) -> None:
    learn(replace(lesson, known_at=END + timedelta(days=6)), tmp_path)
    assert "younger than 7 days" in (tmp_path / "cartao.md").read_text()


def test_too_few_frauds_are_refused_with_what_was_found(lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="at least 20 known frauds among honest payments; found 0 among"):
        learn(replace(lesson, frauds=frozenset()), tmp_path / "x")
    late = [one.id_transacao for one in lesson.payments if one.timestamp >= END - timedelta(days=1)][:30]
    with pytest.raises(LearningError, match=r"found 0 frauds and 30"):
        learn(replace(lesson, frauds=frozenset(late)), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_no_payments_are_refused(lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="found 0 among 0 payments"):
        learn(replace(lesson, payments=[]), tmp_path)


def test_the_card_is_json_with_whole_metrics(folder: Path) -> None:
    metrics = json.loads((folder / CARD).read_bytes())["metrics"]
    assert {"auc_roc", "precisao_media", "fraudes"} <= metrics.keys()

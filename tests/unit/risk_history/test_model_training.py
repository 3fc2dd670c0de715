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
from acude.risk_history import boosted_trees, model_training
from acude.risk_history.boosted_trees import TrainingSpan
from acude.risk_history.model_training import READABLE, LearningError, TrainingSet, learn
from benchmarks import handbook
from benchmarks.handbook import Setting

SETTING = Setting(customers=70, terminals=180, radius=15, days=54)
FIRST = handbook.midnight(SETTING.start) + timedelta(days=38)
END = FIRST + timedelta(days=16)


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """What is learnt from what is the same with a fifth of the trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(boosted_trees._TREES, "max_iter", 40)
        yield


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    rows = handbook.generate(SETTING)
    payments = list(handbook.payments(rows))
    early = [place for place, one in enumerate(payments) if one.timestamp < END]
    matrix = boosted_trees.replay([payments[place] for place in early], rows.fraud[early], FIRST)
    frauds = rows.fraud[early][-len(matrix) :]
    return TrainingSet(
        matrix, frauds, np.ones(len(matrix), np.bool_), TrainingSpan(FIRST, END), END + timedelta(days=8)
    )


@pytest.fixture(scope="module")
def folder(training_set: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("modelo")
    boosted_trees.write(learn(training_set), found)
    return found


def test_a_folder_has_what_a_promotion_takes_and_a_card_to_read(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {CARD, GRAPH, REFERENCE, "cartao.md"}
    card = Model.load(folder).card
    text = (folder / "cartao.md").read_text()
    assert card.version in text
    assert card.sha256 in text
    assert f"| {card.metrics['auc_roc']:.3f} |" in text
    assert "younger than 7 days" not in text


def test_the_figures_are_of_payments_that_the_scoring_trees_have_not_seen(
    folder: Path, training_set: TrainingSet
) -> None:
    metrics = Model.load(folder).card.metrics
    learnt = len(training_set.matrix)
    assert metrics["pagamentos"] == learnt
    assert metrics["pagamentos_avaliados"] == learnt - int(learnt * 0.75)
    assert 0 < metrics["fraudes_avaliadas"] < metrics["fraudes"]
    assert metrics["auc_roc"] > 0.6, "better than a guess"


def test_shuffled_labels_teach_nothing() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(4_000, len(inputs.NAMES))).astype(np.float32)
    assert model_training.figures(matrix, rng.random(4_000) < 0.3)["auc_roc"] == pytest.approx(0.5, abs=0.08)


def test_the_reference_is_what_the_payments_look_like(folder: Path) -> None:
    reference = drift.read(folder / REFERENCE)
    assert set(reference.entradas) == set(inputs.NAMES), "scores and signals are the policy's"
    assert not [name for name in reference.entradas if name.startswith(SIGNAL_PREFIX)]
    for bins in reference.entradas.values():
        assert sum(bins.partes) == pytest.approx(1)


def test_the_same_training_set_and_seed_give_the_same_files(training_set: TrainingSet, folder: Path) -> None:
    again = learn(training_set)
    assert again == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert learn(training_set, seed=1)[GRAPH] != again[GRAPH]


def test_the_model_in_force_scores_the_same_payments(training_set: TrainingSet, folder: Path) -> None:
    live = Model.load(folder)
    files = learn(training_set, live=live)
    metrics = json.loads(files[CARD])["metrics"]
    assert metrics["auc_roc_em_vigor"] > metrics["auc_roc"], "it has learnt from them"
    assert f"{metrics['auc_roc_em_vigor']:.3f}, {metrics['precisao_media_em_vigor']:.3f}" in files[READABLE].decode()
    assert files[GRAPH] == (folder / GRAPH).read_bytes(), "it is not learnt from"


def test_a_refused_payment_of_which_nothing_can_come_to_light_teaches_nothing(training_set: TrainingSet) -> None:
    unknown = (np.arange(len(training_set.matrix)) % 10 == 0) & ~training_set.frauds
    files = learn(replace(training_set, labelled=~unknown))
    metrics = json.loads(files[CARD])["metrics"]
    assert metrics["pagamentos"] == len(training_set.matrix) - unknown.sum()
    told = model_training.figures(training_set.matrix[~unknown], training_set.frauds[~unknown])
    assert metrics == told, "it learnt from the others' rows, with their own labels"
    assert f"left out | {unknown.sum()} |" in files[READABLE].decode()
    assert json.loads(files[REFERENCE])["pagamentos"] == len(training_set.matrix)


def test_young_labels_are_told(training_set: TrainingSet) -> None:
    files = learn(replace(training_set, known_at=END + timedelta(days=6)))
    assert "younger than 7 days" in files[READABLE].decode()


def test_too_few_frauds_are_refused_with_what_was_found(training_set: TrainingSet) -> None:
    none = np.zeros(len(training_set.matrix), np.bool_)
    with pytest.raises(LearningError, match="at least 20 known frauds among honest payments; found 0 among"):
        learn(replace(training_set, frauds=none))
    late = none.copy()
    late[-30:] = True
    with pytest.raises(LearningError, match=r"found 0 frauds and 30"):
        learn(replace(training_set, frauds=late))


def test_no_payments_are_refused(training_set: TrainingSet) -> None:
    nothing = replace(
        training_set, matrix=training_set.matrix[:0], frauds=training_set.frauds[:0], labelled=training_set.labelled[:0]
    )
    with pytest.raises(LearningError, match="found 0 among 0 payments"):
        learn(nothing)


def test_the_card_is_json_with_whole_metrics(folder: Path) -> None:
    metrics = json.loads((folder / CARD).read_bytes())["metrics"]
    assert {"auc_roc", "precisao_media", "fraudes"} <= metrics.keys()


def test_an_input_that_no_payment_has_is_not_learnt_from() -> None:
    matrix = np.column_stack(
        [np.tile(np.array([0, 1], np.float32), 100), np.full((200, len(inputs.NAMES) - 1), np.nan, np.float32)]
    )
    honest, fraud = boosted_trees.fit(matrix, matrix[:, 0] > 0).predict_proba(matrix)[:2, 1]
    assert honest < fraud

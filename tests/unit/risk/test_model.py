"""The model: its inputs, what it learns from, the file it becomes, and its opinion."""

import json
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from acude.risk import history, inputs
from acude.risk.decision import MODEL_PREFIX
from acude.risk.inputs import HANDBOOK, NAMES, vector
from acude.risk.model import CARD, GRAPH, Model, ModelError
from acude.risk.payment import Payment
from acude.risk.velocity import Past
from acude.risk_history import boosted_trees
from benchmarks import handbook
from benchmarks.handbook import Setting, Transactions
from tests.unit.risk.pasts import DAY, HOUR, NOON, REFUND, Row, every, past_of, past_with, payment

SETTING = Setting(customers=150, terminals=400, radius=15, days=44)
SINCE = handbook.midnight(SETTING.start) + timedelta(days=38)


def given(past: Past) -> dict[str, float]:
    return {name: round(value, 4) for name, value in zip(NAMES, vector(past).tolist(), strict=True)}


def missing(past: Past) -> set[str]:
    return {name for name, value in given(past).items() if isnan(value)}


def test_the_handbooks_inputs_are_those_of_the_payment_and_what_came_before_it() -> None:
    earlier: list[Row] = [
        (2 * HOUR, {"valor": "50"}),
        (3 * DAY, {"valor": "30"}),
        (8 * DAY, {"valor": "20", "id_pagador": "bia"}),
        (9 * DAY, {"valor": "20", "id_pagador": "bia"}),
    ]
    found = given(past_of(*earlier, frauds=[8 * DAY]))
    assert [found[name] for name in NAMES[:HANDBOOK]] == [
        *(100, 1, 0),
        *(2, 3, 3),
        *(75, 60, 60),
        *(0, 2, 2),
        *(0, 0.5, 0.5),
    ]


@pytest.mark.parametrize(
    ("moment", "weekend", "night"),
    [
        (datetime(2026, 11, 21, 2, 59, tzinfo=UTC), 0, 0),
        (datetime(2026, 11, 21, 3, 0, tzinfo=UTC), 1, 1),
        (datetime(2026, 11, 23, 2, 59, tzinfo=UTC), 1, 0),
        (datetime(2026, 11, 23, 9, 59, tzinfo=UTC), 0, 1),
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), 0, 0),
    ],
)
def test_weekend_and_night_are_those_of_the_payers_clock(moment: datetime, weekend: int, night: int) -> None:
    found = given(past_of(timestamp=moment))
    assert (found["fim_de_semana"], found["madrugada"]) == (weekend, night)


def test_what_is_usual_does_not_follow_the_frauds_of_the_last_days() -> None:
    usual = [(DAY * day, {"valor": "20"}) for day in range(4, 20)]
    found = given(past_of(*usual, (DAY, {"valor": "500"}), (2 * DAY, {"valor": "20"}), (3 * DAY, {"valor": "400"})))
    assert found["pagador_valor_relativo"] == 5
    assert found["pagador_altos_14d"] == 2
    assert found["pagador_altos_desde"] == 3
    assert found["pagador_altos_parte"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_terminal_is_known_by_the_frauds_that_came_to_light() -> None:
    days = every(DAY, 20, id_pagador="bia", valor="30")
    found = given(past_of(*days, frauds=[2 * DAY, 8 * DAY, 9 * DAY, 10 * DAY, 15 * DAY]))
    assert found["terminal_fraudes_conhecidas"] == 4, "that of two days ago is not known yet"
    assert found["terminal_primeira_fraude"] == 15
    assert found["terminal_ultima_fraude"] == 8
    assert found["terminal_honestos_depois"] == 1, "that of seven days ago"
    assert found["terminal_fraudes_seguidas"] == 0
    assert found["terminal_parte_desde"] == pytest.approx(4 / 9, abs=1e-4)
    assert found["terminal_menor_fraude"] == 30
    assert found["terminal_ultimo_honesto"] == 7


def test_a_streak_of_known_frauds_is_counted_back_to_the_last_honest_payment() -> None:
    days = every(DAY, 20, id_pagador="bia")
    found = given(past_of(*days, frauds=[7 * DAY, 8 * DAY, 9 * DAY, 15 * DAY]))
    assert (found["terminal_fraudes_seguidas"], found["terminal_seguidas_desde"]) == (3, 9)
    assert found["terminal_ultimo_honesto"] == 10


def test_a_fraud_whose_payment_the_store_has_lost_says_nothing() -> None:
    found = given(past_of(*every(DAY, 20, id_pagador="bia"), frauds=[8.5 * DAY, 40 * DAY]))
    assert found["terminal_fraudes_conhecidas"] == 0


def test_without_a_terminal_all_of_the_terminals_inputs_are_missing() -> None:
    of_terminal = {one.name for one in inputs.INPUTS if one.entity == "terminal"}
    assert missing(past_of(*every(DAY, 20, valor="20"), (2 * DAY, {}), id_terminal=None)) == of_terminal


def test_a_store_without_an_answer_leaves_the_payments_own_inputs() -> None:
    assert missing(past_of(complete=False)) == {one.name for one in inputs.INPUTS if one.entity}


@pytest.mark.parametrize("earlier", [[], every(HOUR, 3, **REFUND), every(HOUR, 3, valor="0.00")])
def test_a_payer_without_a_usual_amount_has_none(earlier: list[Row]) -> None:
    assert isnan(given(past_of(*earlier))["pagador_valor_relativo"])


# Replay


@pytest.fixture(scope="module")
def rows() -> Transactions:
    return handbook.generate(SETTING)


@pytest.fixture(scope="module")
def payments(rows: Transactions) -> list[Payment]:
    return list(handbook.payments(rows))


@pytest.fixture(scope="module")
def matrix(rows: Transactions, payments: list[Payment]) -> boosted_trees.Matrix:
    return boosted_trees.replay(payments, rows.fraud, SINCE)


def test_a_replayed_payment_has_the_inputs_that_it_had_when_it_was_made(
    rows: Transactions, payments: list[Payment], matrix: boosted_trees.Matrix
) -> None:
    offset = len(payments) - len(matrix)
    for place in range(0, len(matrix), 100):
        own, before = payments[offset + place], payments[: offset + place]
        there = [
            one.at_us
            for one, fraud in zip(before, rows.fraud.tolist(), strict=False)
            if fraud and one.id_terminal == own.id_terminal
        ]
        assert vector(past_with(own, before, there)).tobytes() == matrix[place].tobytes()


def test_what_comes_after_a_payment_changes_nothing(
    rows: Transactions, payments: list[Payment], matrix: boosted_trees.Matrix
) -> None:
    half = len(payments) - len(matrix) // 2
    shorter = boosted_trees.replay(payments[:half], rows.fraud[:half], SINCE)
    assert shorter.tobytes() == matrix[: len(shorter)].tobytes()


def test_a_fraud_changes_nothing_for_seven_days(rows: Transactions, payments: list[Payment]) -> None:
    since = payments[-1].timestamp - timedelta(days=7)
    late = np.array([one.timestamp > since for one in payments])
    without = boosted_trees.replay(payments, rows.fraud & ~late, since)
    assert without.tobytes() == boosted_trees.replay(payments, rows.fraud, since).tobytes()


def test_payments_may_come_in_any_order(
    rows: Transactions, payments: list[Payment], matrix: boosted_trees.Matrix
) -> None:
    back = boosted_trees.replay(payments[::-1], rows.fraud[::-1], SINCE)
    assert back[::-1].tobytes() == matrix.tobytes()


def test_no_more_of_an_entitys_past_is_seen_than_the_live_store_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_RECORDS", 3)
    hours = [payment(id_transacao=f"t{hour}", timestamp=NOON - timedelta(hours=hour)) for hour in range(10)]
    (values,) = boosted_trees.replay(hours, [False] * 10, NOON)
    assert values[NAMES.index("pagador_altos_14d")] == 0, "three of the same amount"
    assert values[NAMES.index("pagador_pagamentos_1d")] == 10, "the others by the hour, and this one"


# The file, and opinions


@pytest.fixture(scope="module")
def frauds(rows: Transactions, matrix: boosted_trees.Matrix) -> boosted_trees.Labels:
    return rows.fraud[-len(matrix) :]


@pytest.fixture(scope="module")
def trees(matrix: boosted_trees.Matrix, frauds: boosted_trees.Labels) -> HistGradientBoostingClassifier:
    return boosted_trees.fit(matrix, frauds)


@pytest.fixture(scope="module")
def folder(
    matrix: boosted_trees.Matrix, trees: HistGradientBoostingClassifier, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    target = tmp_path_factory.mktemp("modelo")
    window = boosted_trees.TrainingSpan(SINCE, SINCE + timedelta(days=6))
    _, files = boosted_trees.exported(trees, matrix, window=window, metrics={"ap": 0.5})
    boosted_trees.write(files, target)
    return target


def test_a_saved_model_says_what_it_is_and_no_pickle_is_written(folder: Path) -> None:
    card = json.loads((folder / CARD).read_bytes())
    assert {path.name for path in folder.iterdir()} == {CARD, GRAPH}
    assert card["inputs"] == list(NAMES)
    assert card["trained_from"] == "2018-05-09T03:00:00Z"
    assert (card["version"], card["metrics"]) == (f"2018-05-15-{card['sha256'][:8]}", {"ap": 0.5})
    assert set(card["libraries"]) == {"scikit-learn", "skl2onnx", "onnxruntime", "numpy"}


def test_the_same_payments_and_seed_give_the_same_model(
    matrix: boosted_trees.Matrix, frauds: boosted_trees.Labels, folder: Path
) -> None:
    window = boosted_trees.TrainingSpan(SINCE, SINCE + timedelta(days=6))
    again, _ = boosted_trees.exported(boosted_trees.fit(matrix, frauds), matrix, window=window, metrics={})
    assert again.sha256 == Model.load(folder).card.sha256


def test_a_model_that_onnx_would_not_repeat_is_not_exported(
    matrix: boosted_trees.Matrix,
    trees: HistGradientBoostingClassifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boosted_trees, "AGREEMENT", -1)
    window = boosted_trees.TrainingSpan(SINCE, SINCE)
    with pytest.raises(boosted_trees.TrainingError, match="must agree"):
        boosted_trees.exported(trees, matrix, window=window, metrics={})


def changed(folder: Path, target: Path, **fields: object) -> Path:
    card = json.loads((folder / CARD).read_bytes()) | fields
    (target / CARD).write_text(json.dumps(card))
    (target / GRAPH).write_bytes((folder / GRAPH).read_bytes())
    return target


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"sha256": "0" * 64}, "expected sha256 0000"),
        ({"inputs": [*NAMES[:-1], "outra"]}, "outra"),
        ({"inputs": [*NAMES[1:], NAMES[0]]}, "only their order differs"),
        ({"baseline": [0.0]}, "train again"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_a_model_of_another_code_or_file_is_refused(
    folder: Path, tmp_path: Path, fields: dict[str, object], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        Model.load(changed(folder, tmp_path, **fields))


def test_a_missing_model_is_told_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        Model.load(tmp_path)


def suspicious() -> Past:
    """Far above what is usual, at a terminal whose last known payments are all frauds."""
    usual: list[Row] = [(DAY * day, {"valor": "10", "id_terminal": "outro"}) for day in range(1, 30)]
    terminal: list[Row] = [(DAY * day, {"id_pagador": f"p{day}", "valor": "5"}) for day in range(7, 20)]
    return past_of(*usual, *terminal, frauds=[DAY * day for day in range(7, 20)], valor="400")


def test_a_suspicious_payment_is_more_probably_a_fraud_than_a_usual_one(folder: Path) -> None:
    model = Model.load(folder)
    usual = model.opinion(past_of(*every(DAY, 30, valor="90")))
    assert model.opinion(suspicious()).probability > 0.5 > usual.probability


def test_more_of_what_can_only_be_suspicious_never_lowers_the_chance(
    matrix: boosted_trees.Matrix, trees: HistGradientBoostingClassifier
) -> None:
    growing = [(place, one) for place, one in enumerate(inputs.INPUTS) if one.grows]
    rows = np.repeat(vector(suspicious())[None], 200 * len(growing), axis=0)
    for (place, _), part in zip(growing, np.split(rows, len(growing)), strict=True):
        part[:, place] = np.linspace(np.nanmin(matrix[:, place]), np.nanmax(matrix[:, place]), 200)
    chances = np.split(trees.predict_proba(rows)[:, 1], len(growing))
    for (_, one), chance in zip(growing, chances, strict=True):
        assert (np.diff(chance) * one.grows >= 0).all(), one.name


def test_reasons_are_the_five_inputs_that_weigh_most(folder: Path) -> None:
    opinion = Model.load(folder).opinion(suspicious())
    weights = [reason.weight for reason in opinion.reasons]
    assert opinion.version.startswith("2018-05-15-")
    assert 1 <= len(weights) <= 5
    assert weights == sorted(weights, reverse=True)
    assert all(0 < weight <= opinion.probability for weight in weights)
    assert {reason.code for reason in opinion.reasons} <= {MODEL_PREFIX + name.upper() for name in NAMES}


def test_a_share_is_what_the_probability_loses_with_the_inputs_usual_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, values = Model.load(folder), vector(suspicious())
    first = model.opinion(suspicious())
    code, weight = first.reasons[0]
    place = [MODEL_PREFIX + name.upper() for name in NAMES].index(code)
    values[place] = np.float32(model.card.baseline[place] if model.card.baseline[place] is not None else np.nan)
    monkeypatch.setattr(inputs, "vector", lambda _: values)
    assert first.probability - model.opinion(suspicious()).probability == pytest.approx(weight, abs=1e-6)

"""Versions of the rules: what is promoted, gone back from and compared, and what is refused."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from acude.payments import rules_reload
from acude.payments.rules_reload import ReloadingRules
from acude.risk import inputs, training
from acude.risk.decision import NO_MODEL
from acude.risk.differences import differences
from acude.risk.model import CARD, GRAPH
from acude.risk.rules import RULES, CandidateError, Rules
from acude.risk.versions import Action, VersionError, Versions
from acude.settings import Settings
from tests.unit.risk.pasts import NOON

POLICY = """
versao: "{name}"
cortes: {{revisar: 0.5, negar: {refuse}}}
modelo: {model}
sinais:
  valor_alto: {{peso: 0.1, valor_brl: 5000}}
"""


def policy(folder: Path, name: str, refuse: float = 0.9, model: float = 0.0) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(POLICY.format(name=name, refuse=refuse, model=model))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of noise: here it matters which one it is, not what it says."""
    matrix = np.random.default_rng(0).normal(size=(300, len(inputs.NAMES))).astype(np.float32)
    folder = tmp_path_factory.mktemp("modelo")
    trees = training.fit(matrix, matrix[:, 0] > 1)
    training.save(trees, folder, matrix, window=training.Window(NOON, NOON), metrics={})
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    policy(tmp_path, "instalada")
    return Settings(_env_file=None, var=tmp_path / "var", risk_policy=tmp_path / "instalada.yaml")  # type: ignore[call-arg]


@pytest.fixture
def versions(config: Settings) -> Versions:
    return Versions(config)


def live(versions: Versions) -> str:
    return versions.load(versions.live()).policy.versao


def promote(versions: Versions, candidate: Path) -> None:
    versions.promote(candidate, who="ana", why="teste")


def test_until_one_is_promoted_the_settings_rules_decide(versions: Versions) -> None:
    assert live(versions) == "instalada"
    assert versions.changes() == []


def test_a_rollback_goes_back_one_promotion_at_a_time_down_to_the_settings_rules(
    versions: Versions, tmp_path: Path
) -> None:
    seen = []
    for name in ("b", "c"):
        promote(versions, policy(tmp_path, name))
        seen.append(live(versions))
    for _ in range(2):
        versions.rollback(who="bia", why="pior")
        seen.append(live(versions))
    assert seen == ["b", "c", "b", "instalada"]
    with pytest.raises(VersionError, match="nothing to go back"):
        versions.rollback(who="bia", why="pior")


def test_what_was_gone_back_from_is_not_gone_back_to(versions: Versions, tmp_path: Path) -> None:
    promote(versions, policy(tmp_path, "b"))
    promote(versions, policy(tmp_path, "c"))
    versions.rollback(who="bia", why="pior")
    promote(versions, policy(tmp_path, "d"))
    versions.rollback(who="bia", why="pior")
    assert live(versions) == "b"


def test_a_change_says_what_who_when_and_why(versions: Versions, tmp_path: Path) -> None:
    first = versions.promote(policy(tmp_path, "b"), who="ana", why="menos revisões")
    second = versions.rollback(who="bia", why="pior")
    assert versions.changes() == [first, second]
    assert (first.acao, first.versao_regras, first.versao_modelo) == (Action.PROMOTE, "b", NO_MODEL)
    assert (first.quem, first.por_que, first.anterior) == ("ana", "menos revisões", "")
    assert (second.versao_regras, second.sha256, second.anterior) == ("instalada", "", first.sha256)
    assert first.quando <= second.quando


def test_a_version_stays_as_it_was_promoted_whatever_becomes_of_the_candidates_file(
    versions: Versions, tmp_path: Path
) -> None:
    path = policy(tmp_path, "b")
    promote(versions, path)
    path.write_text("lixo")
    assert live(versions) == "b"


def test_what_decides_already_is_not_promoted_again(versions: Versions, tmp_path: Path) -> None:
    for candidate in (tmp_path / "instalada.yaml", policy(tmp_path, "b")):
        if candidate.stem == "b":
            promote(versions, candidate)
        with pytest.raises(VersionError, match="decides already"):
            promote(versions, candidate)
    assert len(versions.changes()) == 1


@pytest.mark.parametrize("taken", ["instalada", "b"])
def test_one_name_never_means_two_contents(versions: Versions, tmp_path: Path, taken: str) -> None:
    promote(versions, policy(tmp_path, "b"))
    other = tmp_path / "outra"
    other.mkdir()
    with pytest.raises(VersionError, match=f"versao {taken} is the name of other rules"):
        promote(versions, policy(other, taken, refuse=0.8))
    with pytest.raises(VersionError, match="versao of its own"):
        versions.set_shadow(policy(other, taken, refuse=0.8), who="ana", why="")
    assert live(versions) == "b"


def test_a_candidate_that_cannot_decide_changes_nothing(versions: Versions, tmp_path: Path) -> None:
    wrong = tmp_path / "errada.yaml"
    wrong.write_text(POLICY.format(name="x", refuse=0.1, model=0))
    for candidate, says in (
        (wrong, "must not be above negar"),
        (tmp_path / "nenhuma.yaml", "expected a policy"),
        (tmp_path / "var", "expected a policy"),
    ):
        with pytest.raises(VersionError, match=says):
            promote(versions, candidate)
    assert versions.changes() == []
    assert live(versions) == "instalada"


def test_a_model_joins_the_live_policy_and_a_policy_the_live_model(
    versions: Versions, tmp_path: Path, trained: Path
) -> None:
    promote(versions, trained)
    first = versions.load(versions.live())
    assert first.policy.versao == "instalada"
    assert first.model_version != NO_MODEL
    promote(versions, policy(tmp_path, "b", model=0.5))
    second = versions.load(versions.live())
    assert (second.policy.versao, second.model_version) == ("b", first.model_version)


def test_a_model_whose_bytes_are_not_those_of_its_card_is_refused(
    versions: Versions, tmp_path: Path, trained: Path
) -> None:
    broken = tmp_path / "modelo"
    broken.mkdir()
    (broken / CARD).write_bytes((trained / CARD).read_bytes())
    (broken / GRAPH).write_bytes((trained / GRAPH).read_bytes()[:-1])
    with pytest.raises(VersionError, match="expected sha256"):
        promote(versions, broken)


def test_a_version_that_was_changed_in_the_store_is_not_loaded(versions: Versions, tmp_path: Path) -> None:
    promote(versions, policy(tmp_path, "b"))
    file = versions.place(versions.live()) / RULES
    file.write_text(file.read_text().replace("0.9", "1.0"))
    with pytest.raises(CandidateError, match="it was changed"):
        versions.load(versions.live())


def test_changes_made_at_once_are_all_kept(config: Settings, tmp_path: Path) -> None:
    candidates = [policy(tmp_path, f"v{number}") for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: promote(Versions(config), path), candidates))
    names = {change.versao_regras for change in Versions(config).changes()}
    assert names == {path.stem for path in candidates}


def test_a_store_that_cannot_be_read_says_so(versions: Versions) -> None:
    versions.folder.mkdir(parents=True)
    versions.log.write_text("{")
    with pytest.raises(VersionError, match="can't be read"):
        versions.live()


def test_a_difference_says_where_and_from_what_to_what(versions: Versions, tmp_path: Path) -> None:
    with versions.candidate(policy(tmp_path, "b", refuse=0.95)) as (_, after):
        found = differences(versions.load(""), after)
    assert found == [("cortes.negar", 0.9, 0.95), ("versao", "instalada", "b")]


# What a worker takes


@pytest.fixture
def current(config: Settings) -> ReloadingRules:
    return ReloadingRules(config)


def test_a_worker_takes_what_is_promoted_and_what_is_gone_back_to(
    current: ReloadingRules, versions: Versions, tmp_path: Path, trained: Path
) -> None:
    seen = []
    for change in (
        lambda: promote(versions, trained),
        lambda: promote(versions, policy(tmp_path, "b", model=0.5)),
        lambda: versions.rollback(who="ana", why=""),
        lambda: versions.rollback(who="ana", why=""),
    ):
        change()
        current.reload()
        seen.append((current().policy.versao, current().model_version != NO_MODEL))
    assert seen == [("instalada", True), ("b", True), ("instalada", True), ("instalada", False)]


def test_a_worker_keeps_the_old_version_where_it_cannot_use_the_new_one_and_says_so(
    current: ReloadingRules, versions: Versions, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    current.reload()
    change = versions.promote(policy(tmp_path, "c"), who="ana", why="")
    (versions.place(change.sha256) / RULES).write_text("lixo")
    current.reload()
    assert current().policy.versao == "b"
    assert len(current.refused) == 1
    versions.rollback(who="ana", why="")
    current.reload()
    assert current().policy.versao == "b"
    assert not current.refused


def test_a_worker_takes_the_settings_own_file_when_it_changes(current: ReloadingRules, config: Settings) -> None:
    config.risk_policy.write_text(POLICY.format(name="editada", refuse=0.9, model=0))
    current.reload()
    assert current().policy.versao == "editada"
    config.risk_policy.write_text("versao: [")
    current.reload()
    assert current().policy.versao == "editada"
    assert "instalada.yaml" in current.refused[0]


def test_a_promoted_version_decides_whatever_becomes_of_the_settings_file(
    current: ReloadingRules, versions: Versions, config: Settings, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    config.risk_policy.write_text(POLICY.format(name="editada", refuse=0.9, model=0))
    current.reload()
    assert current().policy.versao == "b"


def test_a_worker_is_told_at_the_start_and_with_each_change_and_not_otherwise(
    config: Settings, versions: Versions, tmp_path: Path
) -> None:
    told: list[str] = []
    current = ReloadingRules(config, lambda one: told.append(one().policy.versao))
    current.reload()
    promote(versions, policy(tmp_path, "b"))
    current.reload()
    current.reload()
    assert told == ["instalada", "b"]


def test_a_candidate_is_compared_until_it_is_taken_off(
    current: ReloadingRules, versions: Versions, tmp_path: Path
) -> None:
    versions.set_shadow(policy(tmp_path, "b"), who="ana", why="")
    current.reload()
    assert current.shadow is not None
    assert (current.shadow.policy.versao, current().policy.versao) == ("b", "instalada")
    versions.end_shadow(who="ana", why="")
    current.reload()
    assert current.shadow is None
    with pytest.raises(VersionError, match="no candidate"):
        versions.end_shadow(who="ana", why="")


def test_a_candidate_that_cannot_be_used_leaves_none_and_the_live_rules_alone(
    current: ReloadingRules, versions: Versions, tmp_path: Path
) -> None:
    versions.set_shadow(policy(tmp_path, "b"), who="ana", why="")
    current.reload()
    change = versions.set_shadow(policy(tmp_path, "c"), who="ana", why="")
    (versions.place(change.sha256) / RULES).unlink()
    current.reload()
    assert current.shadow is None
    assert current().policy.versao == "instalada"
    assert current.refused


def test_files_are_followed_without_being_asked(
    config: Settings, versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_reload, "_CHECK_EVERY_S", 0.01)
    stop, taken = threading.Event(), threading.Event()
    current = ReloadingRules(config, lambda one: taken.set() if one().policy.versao == "b" else None)
    current.follow(stop)
    promote(versions, policy(tmp_path, "b"))
    assert taken.wait(30)
    stop.set()
    assert current().policy.versao == "b"


def test_the_changes_are_lines_of_json_with_the_contracts_names(versions: Versions, tmp_path: Path) -> None:
    promote(versions, policy(tmp_path, "b"))
    (line,) = versions.log.read_text().splitlines()
    assert set(json.loads(line)) == {
        *("acao", "sha256", "versao_regras", "versao_modelo", "anterior", "quem", "quando", "por_que")
    }
    assert isinstance(versions.load(versions.live()), Rules)

"""Versions of the rules: what is promoted, gone back from and compared, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acude.payments.version_log import Action, VersionError
from acude.payments.versions import Versions
from acude.risk.decision import NO_MODEL
from acude.risk.differences import differences
from acude.risk.model import CARD, GRAPH
from acude.risk.rules import RULES, CandidateError, Rules
from acude.settings import Settings
from tests.unit.risk.candidates import POLICY, live, policy, promote


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


def test_the_changes_are_lines_of_json_with_the_contracts_names(versions: Versions, tmp_path: Path) -> None:
    promote(versions, policy(tmp_path, "b"))
    (line,) = versions.log.read_text().splitlines()
    assert set(json.loads(line)) == {
        *("acao", "sha256", "versao_regras", "versao_modelo", "anterior", "quem", "quando", "por_que")
    }
    assert isinstance(versions.load(versions.live()), Rules)

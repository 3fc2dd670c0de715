"""Versions of the rules: what is promoted, gone back from and compared, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acude.payments.version_log import Action, VersionError
from acude.payments.version_objects import CHANGES, FOLDER
from acude.payments.versions import Versions
from acude.risk.decision import NO_MODEL
from acude.risk.differences import differences
from acude.risk.drift import Bins, Reference
from acude.risk.model import CARD, GRAPH
from acude.risk.rules import RULES, CandidateError, Rules
from acude.settings import Settings
from tests.buckets import MemoryBucket
from tests.unit.risk.candidates import POLICY, live, policy, promote
from tests.unit.risk.pasts import NOON

REFERENCE = Reference(desde=NOON, ate=NOON, pagamentos=1, entradas={"valor": Bins((50.0,), (1.0, 0.0, 0.0))})


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


def key_of(sha256: str, name: str) -> str:
    return f"{FOLDER}versoes/{sha256[:16]}/{name}"


def another_host(config: Settings, tmp_path: Path) -> Versions:
    """The same bucket, and no copies."""
    return Versions(config.model_copy(update={"var": tmp_path / "outro"}))


def test_a_version_that_was_changed_in_the_store_is_not_loaded(
    config: Settings, versions: Versions, bucket: MemoryBucket, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    key = key_of(versions.live(), RULES)
    bucket.put_object(Key=key, Body=bucket.objects[key][0].replace(b"0.9", b"1.0"))
    with pytest.raises(CandidateError, match="it was changed"):
        another_host(config, tmp_path).load(versions.live())


def test_another_host_has_the_same_versions_changes_and_reference(
    config: Settings, versions: Versions, tmp_path: Path, trained: Path
) -> None:
    change = versions.promote(trained, who="ana", why="")
    versions.pin(REFERENCE)
    other = another_host(config, tmp_path)
    assert other.changes() == [change]
    assert other.load(other.live()).model_version == change.versao_modelo != NO_MODEL
    assert other.reference() == REFERENCE
    other.rollback(who="bia", why="")
    assert live(versions) == "instalada"


def test_a_copy_that_is_damaged_is_fetched_again(versions: Versions, config: Settings, tmp_path: Path) -> None:
    promote(versions, policy(tmp_path, "b"))
    copy = config.var / "risco" / "versoes" / versions.live()[:16]
    (copy / RULES).write_text("lixo")
    (copy / "referencia.json").write_text("lixo")
    assert live(versions) == "b"


def test_where_s3_does_not_answer_only_who_may_takes_what_this_host_saw_last(
    versions: Versions, config: Settings, bucket: MemoryBucket, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    versions.live()
    bucket.refuses = "SlowDown"
    assert live(Versions(config, or_copy=True)) == "b"
    for change in (lambda: promote(versions, policy(tmp_path, "c")), lambda: versions.rollback(who="ana", why="")):
        with pytest.raises(VersionError, match="S3 does not answer"):
            change()
    with pytest.raises(VersionError, match="S3 does not answer"):
        Versions(config.model_copy(update={"var": tmp_path / "novo"}), or_copy=True).live()


def test_what_another_made_meanwhile_is_seen_before_a_change_is_made(
    versions: Versions, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(versions, policy(tmp_path, "b"))
    replace, other = versions.objects.replace, Versions(config)

    def late(name: str, content: bytes, seen: str | None) -> bool:
        if name == CHANGES:
            monkeypatch.setattr(versions.objects, "replace", replace)
            promote(other, policy(tmp_path, "c"))
        return replace(name, content, seen)

    monkeypatch.setattr(versions.objects, "replace", late)
    change = versions.rollback(who="bia", why="pior")
    assert change.anterior == other.changes()[1].sha256
    assert live(versions) == "b"


def test_changes_made_at_once_are_all_kept(config: Settings, tmp_path: Path) -> None:
    candidates = [policy(tmp_path, f"v{number}") for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: promote(Versions(config), path), candidates))
    names = {change.versao_regras for change in Versions(config).changes()}
    assert names == {path.stem for path in candidates}


def test_a_store_that_cannot_be_read_says_so(versions: Versions, bucket: MemoryBucket) -> None:
    bucket.put_object(Key=FOLDER + CHANGES, Body=b"{")
    with pytest.raises(VersionError, match="can't be read"):
        versions.live()


def test_a_difference_says_where_and_from_what_to_what(versions: Versions, tmp_path: Path) -> None:
    with versions.candidate(policy(tmp_path, "b", refuse=0.95)) as (_, after):
        found = differences(versions.load(""), after)
    assert found == [("cortes.negar", 0.9, 0.95), ("versao", "instalada", "b")]


def test_the_changes_are_lines_of_json_with_the_contracts_names(
    versions: Versions, bucket: MemoryBucket, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    (line,) = bucket.objects[FOLDER + CHANGES][0].splitlines()
    assert set(json.loads(line)) == {
        *("acao", "sha256", "versao_regras", "versao_modelo", "anterior", "quem", "quando", "por_que")
    }
    assert isinstance(versions.load(versions.live()), Rules)

"""What a worker loads when the rules change."""

import threading
from pathlib import Path

import pytest

from acude.payments import rules_reload
from acude.payments.rules_reload import ReloadingRules
from acude.payments.version_log import Change, VersionError
from acude.payments.version_objects import FOLDER
from acude.payments.versions import Versions
from acude.risk.decision import NO_MODEL
from acude.risk.rules import RULES
from acude.settings import Settings
from tests.buckets import MemoryBucket
from tests.unit.risk.candidates import POLICY, policy, promote


def break_rules(change: Change, config: Settings, bucket: MemoryBucket) -> None:
    """A version's policy is no longer what was promoted, on S3 and on this host."""
    place = f"versoes/{change.sha256[:16]}/{RULES}"
    bucket.put_object(Key=FOLDER + place, Body=b"lixo")
    (config.var / "risco" / place).unlink()


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
    current: ReloadingRules, versions: Versions, config: Settings, bucket: MemoryBucket, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    current.reload()
    change = versions.promote(policy(tmp_path, "c"), who="ana", why="")
    break_rules(change, config, bucket)
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


def test_a_worker_keeps_its_rules_while_s3_is_away_and_takes_what_was_promoted_meanwhile(
    current: ReloadingRules, versions: Versions, bucket: MemoryBucket, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    current.reload()
    promote(versions, policy(tmp_path, "c"))
    bucket.refuses = "SlowDown"
    current.reload()
    assert current().policy.versao == "b"
    assert "S3 does not answer" in current.refused[0]
    bucket.refuses = ""
    current.reload()
    assert current().policy.versao == "c"
    assert not current.refused


def test_a_worker_that_starts_while_s3_is_away_decides_by_what_its_host_saw_last(
    current: ReloadingRules, config: Settings, versions: Versions, bucket: MemoryBucket, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    current.reload()
    bucket.refuses = "SlowDown"
    again = ReloadingRules(config)
    assert again().policy.versao == "b"
    assert "S3 does not answer" in again.refused[0]
    with pytest.raises(VersionError, match="S3 does not answer"):
        ReloadingRules(config.model_copy(update={"var": tmp_path / "novo"}))


def test_a_promoted_version_decides_whatever_becomes_of_the_settings_file(
    current: ReloadingRules, versions: Versions, config: Settings, tmp_path: Path
) -> None:
    promote(versions, policy(tmp_path, "b"))
    config.risk_policy.write_text(POLICY.format(name="editada", refuse=0.9, model=0))
    current.reload()
    assert current().policy.versao == "b"


def test_a_worker_hears_of_the_rules_at_the_start_and_with_each_change_only(
    config: Settings, versions: Versions, tmp_path: Path
) -> None:
    seen: list[str] = []
    current = ReloadingRules(config, lambda one: seen.append(one().policy.versao))
    current.reload()
    promote(versions, policy(tmp_path, "b"))
    current.reload()
    current.reload()
    assert seen == ["instalada", "b"]


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
    current: ReloadingRules, versions: Versions, config: Settings, bucket: MemoryBucket, tmp_path: Path
) -> None:
    versions.set_shadow(policy(tmp_path, "b"), who="ana", why="")
    current.reload()
    change = versions.set_shadow(policy(tmp_path, "c"), who="ana", why="")
    break_rules(change, config, bucket)
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

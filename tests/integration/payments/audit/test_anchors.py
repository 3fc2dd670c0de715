"""The audit log's end is kept where nobody of its database can write."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from acude.aws import s3
from acude.local.platform import Platform
from acude.payments import audit_anchors
from acude.payments.audit_anchors import AnchorError, AnchorsAwayError, anchor, kept
from acude.payments.audit_log import ACCESS, append, audit_event, head, pages
from acude.payments.audit_verification import verify
from acude.payments.hash_chain import AuditRow
from acude.settings import Settings, settings
from tests.integration.payments.audit.conftest import Sql, audit


@pytest.fixture
def config(platform: Platform) -> Settings:
    """With a bucket of the test's own: what is anchored there stays, and the test's rows do not."""
    found = platform.config.model_copy(
        update={"audit_bucket": f"ancoras-{uuid4().hex}", "audit_kept": timedelta(minutes=5)}
    )
    s3(found).create_bucket(Bucket=found.audit_bucket, ObjectLockEnabledForBucket=True)
    return found


def add(connection: Sql, number: int = 3) -> None:
    append(connection, [audit_event(ACCESS, "test", f"{n}") for n in range(number)])


def test_the_chain_passes_its_anchors_and_the_same_end_is_anchored_once(own: Sql, config: Settings) -> None:
    add(own)
    first = anchor(own, config)
    assert anchor(own, config) == first == head(own)
    add(own)
    second = anchor(own, config)
    assert kept(config).anchors == {first.numero: {first.hash}, second.numero: {second.hash}}
    report = verify(own, anchors=kept(config).anchors, decisions=False)
    assert (report.broken, report.anchored, report.last_anchor) == (None, 2, second.numero)


def test_a_tail_that_is_cut_off_or_written_again_with_the_key_is_found_by_the_anchors(
    superuser: Sql, newest: list[AuditRow], config: Settings
) -> None:
    end = anchor(superuser, config)
    superuser.execute("DELETE FROM auditoria.trilha WHERE numero >= %s", (newest[2].numero,))
    assert verify(superuser, decisions=False).broken is None
    anchors = kept(config).anchors
    cut = verify(superuser, anchors=anchors, decisions=False).broken
    assert cut is not None
    assert (cut.numero, "cut" in cut.problema) == (end.numero, True)
    append(superuser, [audit_event(ACCESS, "mallory", f"{n}") for n in range(end.numero - newest[1].numero + 2)])
    assert verify(superuser, decisions=False).broken is None
    again = verify(superuser, anchors=anchors, decisions=False).broken
    assert again is not None
    assert (again.numero, "written again" in again.problema) == (end.numero, True)
    with pytest.raises(AnchorError, match="not the one that was anchored"):
        anchor(superuser, config)


def test_a_broken_chain_is_not_anchored(superuser: Sql, newest: list[AuditRow], config: Settings) -> None:
    superuser.execute("UPDATE auditoria.trilha SET quem = 'mallory' WHERE numero = %s", (newest[3].numero,))
    with pytest.raises(AnchorError, match=f"broken at row {newest[3].numero}"):
        anchor(superuser, config)
    assert kept(config).anchors == {}


def test_nobody_deletes_an_anchor_or_hides_it(own: Sql, config: Settings) -> None:
    add(own)
    end, client, bucket = anchor(own, config), s3(config), config.audit_bucket
    (version,) = client.list_object_versions(Bucket=bucket)["Versions"]
    key, known = version["Key"], version["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=bucket, Key=key, VersionId=known, BypassGovernanceRetention=True)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object_retention(
            Bucket=bucket,
            Key=key,
            VersionId=known,
            Retention={"Mode": "GOVERNANCE", "RetainUntilDate": version["LastModified"] + timedelta(seconds=1)},
        )
    client.put_object(Bucket=bucket, Key=key, Body=b"forged")
    client.delete_object(Bucket=bucket, Key=key)
    client.put_object(Bucket=bucket, Key="ancoras/no-anchor", Body=b"")
    assert kept(config).anchors == {end.numero: {end.hash}}


def test_after_a_restore_the_log_goes_on_from_the_last_anchor_that_it_passes(
    superuser: Sql, newest: list[AuditRow], config: Settings
) -> None:
    good = anchor(superuser, config)
    with pytest.raises(AnchorError, match="nothing is missing"):
        audit_anchors.restored(superuser, config)
    add(superuser)
    anchor(superuser, config)
    superuser.execute("DELETE FROM auditoria.trilha WHERE numero > %s", (good.numero,))
    add(superuser, 9)
    assert audit_anchors.restored(superuser, config).numero == good.numero
    found = kept(config)
    assert (found.anchors, len(found.restored)) == ({good.numero: {good.hash}}, 1)
    assert verify(superuser, anchors=found.anchors, decisions=False).broken is None
    del newest


def test_a_bucket_that_takes_no_locks_is_said(own: Sql, config: Settings) -> None:
    add(own)
    plain = config.model_copy(update={"audit_bucket": f"sem-trava-{uuid4().hex}"})
    s3(plain).create_bucket(Bucket=plain.audit_bucket)
    with pytest.raises(AnchorsAwayError, match="Object Lock"):
        anchor(own, plain)


@pytest.fixture
def commands(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The commands anchor in the test's bucket, too: the platform's database may be lost by other tests."""
    monkeypatch.setenv("ACUDE_AUDIT_BUCKET", config.audit_bucket)
    settings.cache_clear()
    yield config
    settings.cache_clear()


def test_the_commands_anchor_and_verify(commands: Settings, newest: list[AuditRow]) -> None:
    anchored = json.loads(audit("anchor", "--json").stdout)
    assert anchored["numero"] >= newest[-1].numero
    sound = audit("verify", "--json")
    assert sound.exit_code == 0, sound.stdout
    report = json.loads(sound.stdout)
    assert report["ancoras"]["ultima"] == anchored["numero"]
    assert "anchors passed" in audit("verify").stdout
    assert audit_anchors.anchor_now(commands)["numero"] > anchored["numero"]
    stranger = commands.model_copy(update={"s3_access_key": SecretStr("nobody")})
    with pytest.raises(AnchorsAwayError, match="can't be read or written"):
        kept(stranger)


def test_an_anchor_starts_where_the_last_one_ended(own: Sql, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    add(own)
    first = anchor(own, config)
    add(own, 2)
    read: list[int] = []

    def counting(connection: Sql, after: int = 0) -> Iterator[list[AuditRow]]:
        for rows in pages(connection, after):
            read.extend(row.numero for row in rows)
            yield rows

    monkeypatch.setattr("acude.payments.audit_log.pages", counting)
    anchor(own, config)
    assert read == [first.numero + 1, first.numero + 2]

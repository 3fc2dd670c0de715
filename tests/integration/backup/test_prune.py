"""Which backups go, and which stay."""

import json
from datetime import UTC, datetime, timedelta

from acude import aws
from acude.backup.prune import prune
from acude.backup.storage import Storage, begun, new_id
from acude.settings import Settings
from tests.integration.backup.conftest import Acude, objects


def create(acude: Acude, *words: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(acude("create", "--json", *words).stdout)
    return found


def test_only_the_newest_stay(config: Settings, storage: Storage, acude: Acude) -> None:
    first, second = create(acude)["id"], create(acude)["id"]
    third = create(acude, "--keep", "2")

    assert third["removidos"] == [first]
    assert storage.ids() == [third["id"], second]
    assert not [key for key in objects(config) if key.startswith(str(first))]
    assert json.loads(acude("prune", "--keep", "1", "--json").stdout) == {"removidos": [second]}
    acude("prune", "--keep", "0", code=2)


def test_names_are_in_the_order_of_their_times() -> None:
    times = [datetime(2026, 11, 27, 3, 46, 19, microsecond, UTC) for microsecond in range(50)]
    names = [new_id(at) for at in times]
    assert sorted(names) == names
    assert [begun(name) for name in names] == times


def test_one_that_can_not_be_trusted_pushes_none_out_and_stays(
    config: Settings, storage: Storage, acude: Acude
) -> None:
    good = create(acude)["id"]
    forged = new_id(datetime.now(UTC) + timedelta(days=1))
    body = objects(config)[f"{good}/manifesto"]
    aws.s3(config).put_object(Bucket=config.backup_bucket, Key=f"{forged}/manifesto", Body=body)

    assert prune(config, 1) == []
    assert storage.ids() == [forged, good]


def test_what_a_failed_one_left_goes_after_a_day(config: Settings, storage: Storage) -> None:
    now = datetime.now(UTC)
    young, old = new_id(now - timedelta(hours=23)), new_id(now - timedelta(hours=25))
    client = aws.s3(config)
    for one in (young, old):
        client.put_object(Bucket=config.backup_bucket, Key=f"{one}/loja.pgdump", Body=b"x")
    client.create_multipart_upload(Bucket=config.backup_bucket, Key=f"{old}/risco.pgdump")
    client.put_object(Bucket=config.backup_bucket, Key="leia-me/nota.txt", Body=b"somebody else's")

    assert prune(config, 1, now) == [old]
    assert storage.ids() == [young]
    assert "Uploads" not in client.list_multipart_uploads(Bucket=config.backup_bucket, Prefix=old)
    assert "leia-me/nota.txt" in objects(config)
    client.delete_object(Bucket=config.backup_bucket, Key="leia-me/nota.txt")

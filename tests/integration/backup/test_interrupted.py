"""A backup that is cut off is none."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from acude.backup.choose import chosen, listed
from acude.backup.create import create
from acude.backup.errors import BackupError
from acude.backup.progress import Report
from acude.backup.storage import Storage
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.settings import Settings
from tests.integration.backup.conftest import objects
from tests.waiting import awaited


def at(what: str, step: str, action: Callable[[], object]) -> Report:
    """Does something once, as soon as a byte of this step was seen."""
    done: list[bool] = []

    def report(reported: str, its_step: str, size: int) -> None:
        if (reported, its_step) == (what, step) and size and not done:
            done.append(True)
            action()

    return report


def test_a_backup_that_is_killed_is_not_taken_for_one(config: Settings, storage: Storage, backup_id: str) -> None:
    program = Path(sys.executable).parent / "acude"
    with closing(postgres.connect(config, "airflow")) as holder, holder.cursor() as asked:
        # The last database waits for this table, so the others are stored by then.
        asked.execute("BEGIN; LOCK TABLE cofre")
        process = subprocess.Popen([program, "backup", "create"], env=os.environ, stderr=subprocess.DEVNULL)
        awaited(lambda: objects(config), lambda found: len(found) == 6 + 4)
        process.kill()
        process.wait()

    killed, complete = listed(storage)
    assert (killed.unfinished, killed.manifest, complete.id) == (True, None, backup_id)
    assert chosen(storage, "latest") == complete.manifest


def test_a_backup_that_is_interrupted_leaves_nothing(config: Settings) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(config, at("loja", "storing", interrupt))
    assert objects(config) == {}


def test_a_backup_whose_s3_goes_is_said_and_not_taken_for_one(
    platform: Platform, config: Settings, storage: Storage
) -> None:
    try:
        with pytest.raises(BackupError, match=r"S3 fails: .*loja\.pgdump"):
            create(config, at("loja", "storing", lambda: platform.stop("s3")))
    finally:
        platform.start("s3")
    (left,) = listed(storage)
    assert (left.unfinished, left.manifest) == (True, None)

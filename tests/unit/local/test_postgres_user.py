"""The user that PostgreSQL runs as, where several platforms of one machine start for the first time at once."""

import grp
import os
import pwd
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acude.local.errors import PlatformError
from acude.local.servers import postgres
from acude.settings import Settings


class Machine:
    """Its user database, in which adding a user takes a moment and may be refused."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.users: set[str] = set()
        self.tries = 0

    def user(self, name: str) -> str:
        if name not in self.users:
            raise KeyError(name)
        return name

    def useradd(self, command: list[str], **_: object) -> None:
        self.tries += 1
        if self.refuses:
            raise subprocess.CalledProcessError(9, command)
        time.sleep(0.1)
        self.users.add(command[-1])

    def chown(self, *_: object) -> None:
        raise UserFoundError


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    machine = Machine()
    users = tmp_path / "passwd"
    users.touch()
    monkeypatch.setattr(postgres, "_USERS", users)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", machine.user)
    monkeypatch.setattr(grp, "getgrnam", machine.user)
    monkeypatch.setattr(subprocess, "run", machine.useradd)
    monkeypatch.setattr(shutil, "chown", machine.chown)
    return machine


class UserFoundError(Exception):
    """The user is there, and would get the data now."""


def test_two_platforms_that_start_at_once_add_one_user(as_root: Machine, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        starts = [pool.submit(postgres.prepare, Settings(var=tmp_path / name)) for name in ("a", "b")]
        for start in starts:
            with pytest.raises(UserFoundError):
                start.result()
    assert as_root.tries == 1


def test_a_user_that_cannot_be_added_is_said_with_what_to_do(as_root: Machine, tmp_path: Path) -> None:
    as_root.refuses = True
    with pytest.raises(PlatformError, match="can't be created"):
        postgres.prepare(Settings(var=tmp_path))

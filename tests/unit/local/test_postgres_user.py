"""The user that PostgreSQL runs as, where several platforms of one machine start for the first time at once."""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from acude.local.errors import PlatformError
from acude.local.servers import postgres
from acude.settings import Settings


class Machine:
    """Its user database; `useradd` finds that somebody else is adding the user, whose group comes `late`."""

    def __init__(self, late: int) -> None:
        self.looks_before_group = late

    def user(self, name: str) -> str:
        return name

    def group(self, name: str) -> str:
        self.looks_before_group -= 1
        if self.looks_before_group >= 0:
            raise KeyError(name)
        return name

    def useradd(self, command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(9, command)

    def chown(self, *_: object) -> None:
        raise UserFoundError


def let_in(monkeypatch: pytest.MonkeyPatch, folder: Path, machine: Machine) -> None:
    """Prepares a server's data as root would, up to the change of its owner."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", machine.user)
    monkeypatch.setattr(grp, "getgrnam", machine.group)
    monkeypatch.setattr(subprocess, "run", machine.useradd)
    monkeypatch.setattr(shutil, "chown", machine.chown)
    postgres.prepare(Settings(var=folder))


class UserFoundError(Exception):
    """The user is there, and would get the data now."""


def test_a_user_that_another_platform_is_adding_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserFoundError):
        let_in(monkeypatch, tmp_path, Machine(late=3))


def test_a_user_that_cannot_be_added_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres._has_user_soon.retry, "stop", lambda _: True)
    with pytest.raises(PlatformError, match="can't be created"):
        let_in(monkeypatch, tmp_path, Machine(late=10**6))

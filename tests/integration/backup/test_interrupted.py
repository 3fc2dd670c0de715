"""A backup that is cut off is none, and names may hold any character."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest
from pydantic import SecretStr

from acude.backup.choose import chosen, listed
from acude.backup.create import create
from acude.backup.errors import BackupError
from acude.backup.restore import restore
from acude.backup.storage import Storage
from acude.backup.verify import verify
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.settings import Settings
from tests.integration.backup.conftest import Acude, objects, run
from tests.waiting import until


def silent(*_: object) -> None:
    """Reports nothing."""


def at(what: str, step: str, action: Callable[[], object]) -> Callable[[str, str, int], None]:
    """Does something once, as soon as a byte of this step was seen."""
    done: list[bool] = []

    def report(reported: str, its_step: str, size: int) -> None:
        if (reported, its_step) == (what, step) and size and not done:
            done.append(True)
            action()

    return report

"""`var/log/commands.log`: what the clients of the servers say while a command runs, and who stopped the platform.

A person at a terminal reads the command's answer; the complaints of a client behind it would stand in its way.
"""

import getpass
import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from acude.settings import Settings, settings

log = logging.getLogger(__name__)

_BYTES: Final = 1024 * 1024
_LINE: Final = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def path(config: Settings | None = None) -> Path:
    """Where the log lies."""
    return (config or settings()).var / "log" / "commands.log"


def begin(config: Settings | None = None) -> None:
    """Sends what this process logs to the file. A server's log stays where its supervisor puts it."""
    from acude.local.processes import MARK  # noqa: PLC0415 - --help does without it

    if MARK in os.environ or logging.getLogger().handlers:
        return
    file = path(config)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(file, maxBytes=_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        # Where nothing can be written, the answer counts.
        handler = logging.NullHandler()
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format=_LINE)
    log.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def asked_to_stop(command: str) -> None:
    """Writes down who stops servers, and with which command, before they stop."""
    log.info("%s asked to stop servers: %s", _person(), command)


def asked_to_start(command: str) -> None:
    """Writes down who starts servers beside others that run: those whose settings have changed are stopped first."""
    log.info("%s asked to start servers, and to stop first what has changed: %s", _person(), command)


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run as a number that no file names.
        return f"uid {os.getuid()}"

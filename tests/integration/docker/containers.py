"""The compose file's own containers as processes of this machine, each with its command, variables and secrets alone.

No engine is needed. A loopback address that nothing else listens on stands for every container's, so it also
shows where a server listens that was told `ACUDE_BIND`.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from unittest import mock

from acude.local.containers import draw
from acude.local.java import find_java
from acude.settings import Settings, settings
from tests.unit.docker.compose_file import Entry, compose, secrets_of, services

ADDRESS: Final = "127.0.0.2"

_MOVED: Final = {"s3_port": 28333, "s3_internal_port": 28340, "kafka_controller_port": 29093}
"""What listens on the usual loopback address, too, and S3, which has sockets named by its port."""

_BIN: Final = Path(sys.executable).parent
_NAMES: Final = "|".join(sorted({*services(), "timescaledb"}, key=len, reverse=True))
_HOST: Final = re.compile(rf"(?<=[/@])({_NAMES})(?=:\d)|^({_NAMES})(?=:\d)")


def here(text: str) -> str:
    """A value with this machine's address for a container's name."""
    if text in services():
        return ADDRESS
    return _HOST.sub(ADDRESS, text).replace(":8333", f":{_MOVED['s3_port']}").replace("127.0.0.1", ADDRESS)


class Containers:
    """Starts containers in a folder, asks them what Compose would, and stops them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        draw(folder / "drawn")

    def variables(self, name: str, entry: Entry | None = None) -> dict[str, str]:
        """A container's whole environment."""
        entry = entry or services()[name]
        given, java = settings(), find_java(settings())
        image = {
            "PATH": f"{_BIN}:{os.environ['PATH']}",
            "HOME": str(self.folder / name),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "ACUDE_VAR": str(self.folder / name),
            "ACUDE_JARS": str(given.jars),
            "ACUDE_TRINO_HOME": str(given.trino_home),
            "ACUDE_JVM_SHORT_LIVED": "true",
            **({"JAVA_HOME": str(java.parent.parent)} if java else {}),
            **{f"ACUDE_{field.upper()}": str(port) for field, port in _MOVED.items()},
        }
        # Users of the broker are named like containers, and no hosts.
        told = {key: value if "USERNAME" in key else here(value) for key, value in entry["environment"].items()}
        places = {
            "ACUDE_BIND": ADDRESS,
            "ACUDE_SECRETS_DIR": str(self._secrets(name, entry)),
            "ACUDE_LOG_FOLDER": str(self.folder / "log"),
        }
        return image | told | places

    def _secrets(self, name: str, entry: Entry) -> Path:
        folder = self.folder / "secrets" / name
        folder.mkdir(parents=True, exist_ok=True)
        for one, source in secrets_of(entry).items():
            drawn = Path(compose()["secrets"][source]["file"]).name
            (folder / one).write_text(here((self.folder / "drawn" / drawn).read_text()))
        return folder

    def _mount(self, name: str, entry: Entry) -> None:
        """The volumes below the images' one folder; containers that name the same share it."""
        for one in entry.get("volumes", ()):
            volume, place, *_ = one.split(":")
            inner = place.removeprefix("/var/lib/acude/")
            if inner != place and not (self.folder / name / inner).exists():
                (self.folder / "volumes" / volume).mkdir(parents=True, exist_ok=True)
                (self.folder / name).mkdir(exist_ok=True)
                (self.folder / name / inner).symlink_to(self.folder / "volumes" / volume)

    def start(self, *names: str) -> None:
        """Start containers."""
        for name in names:
            self._start(name, services()[name])

    def run(self, name: str) -> None:
        """Start a container and wait until it has done its work."""
        self.start(name)
        process = self._running.pop(name)
        assert process.wait(400) == 0, (self.folder / f"{name}.log").read_text()[-4000:]

    def start_database(self) -> None:
        """PostgreSQL in TimescaleDB's place: its image can't run here."""
        entry = services()["init"] | {"command": ["serve", "postgres"]}
        self._start("postgres", entry)
        self._until(lambda: self._passes("postgres", entry, ["acude", "serve", "postgres", "--ready"]), "postgres")

    def _start(self, name: str, entry: Entry) -> None:
        self._mount(name, entry)
        log = (self.folder / f"{name}.log").open("wb")
        command = [_BIN / "acude", *entry["command"]]
        self._running[name] = subprocess.Popen(command, env=self.variables(name, entry), stdout=log, stderr=log)

    def wait(self, *names: str) -> None:
        """Wait until the containers' own health checks pass."""
        for name in names:
            entry = services()[name]
            kind, *check = entry["healthcheck"]["test"]
            assert kind == "CMD"
            self._until(lambda name=name, entry=entry, check=check: self._passes(name, entry, check), name)  # type: ignore[misc]

    def _passes(self, name: str, entry: Entry, check: list[str]) -> bool:
        program = {"python": sys.executable, "acude": str(_BIN / "acude")}[check[0]]
        # An argument of `acude serve` is a service's name, not its host.
        arguments = check[1:] if check[0] == "acude" else map(here, check[1:])
        command = [program, *arguments]
        return not subprocess.run(command, env=self.variables(name, entry), capture_output=True, check=False).returncode

    def _until(self, done: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + 400
        while not done():
            ended = self._running[name].poll()
            text = (self.folder / f"{name}.log").read_text()[-4000:]
            assert ended is None, f"{name} ended with {ended}: {text}"
            assert time.monotonic() < deadline, f"{name} is not healthy: {text}"
            time.sleep(0.5)

    def pid(self, name: str) -> int:
        """Process id of a container."""
        return self._running[name].pid

    def stop(self, *names: str) -> None:
        """Stop containers, all of them where none is named; later ones first."""
        for name in reversed(names or tuple(self._running)):
            process = self._running.pop(name)
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
                continue
            process.kill()
            process.wait()

    def settings(self, name: str) -> Settings:
        """A container's settings, for clients; nothing of this process's own, whose servers may have other ports."""
        with mock.patch.dict(os.environ, self.variables(name), clear=True):
            return Settings(_env_file=None, _secrets_dir=self._secrets(name, services()[name]))  # type: ignore[call-arg]

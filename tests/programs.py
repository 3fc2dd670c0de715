"""Programs that tests run: those of the PATH, those that `.ci/packages` has unpacked, and servers of a test's own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from acude.local.doctor import UNPACKED
from acude.settings import PROJECT

PACKAGES = {"promtool": "prometheus", "prometheus": "prometheus"}
"""Debian's, by program; the others are in `prometheus-alertmanager`."""


def program(*names: str) -> str:
    """Path of the first of these programs that there is; without one the test fails and says how to get it."""
    found = [shutil.which(name) or shutil.which(name, path=PROJECT / UNPACKED) for name in names]
    path = next(filter(None, found), None)
    package = PACKAGES.get(names[0], "prometheus-alertmanager")
    assert path, f"The test needs {names[0]}: run `make packages`, or `apt-get install {package}`."
    return path


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], ready: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server that answers at an address; it is stopped afterwards.

    Args:
        command: starts it.
        ready: the address that answers when it is ready.
        folder: where it runs and writes its log.
        environment: its environment; the test's own unless given.
    """
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
        try:
            _wait(ready, process, log)
            yield
        finally:
            process.terminate()
            process.wait(30)


@retry(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(240), wait=wait_fixed(0.2), reraise=True)
def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.poll() is None, log.read_text()
    httpx.get(address, timeout=2).raise_for_status()

"""supervisord, the supervisor of the platform's processes: its configuration and its RPC."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport
from tenacity import retry, retry_if_not_result, stop_after_delay, wait_fixed

from acude.files import write_private
from acude.local.errors import PlatformError
from acude.local.files import socket_path
from acude.local.processes import MARK, remember_session
from acude.local.service import Service
from acude.settings import Settings

NAME = "supervisor"
"""Of its socket."""

_UNREACHABLE = (OSError, HTTPException)
"""One that ends while it answers cuts its answer off."""

_FOR_EVER = 1_000_000
"""Tries to start a service, each a second later than the one before: an outage of what it needs may last for long."""

_LOOK_S = 0.1


def config_path(config: Settings) -> Path:
    """The generated configuration."""
    return config.var / "supervisord.conf"


def log_path(config: Settings, name: str) -> Path:
    """A service's log."""
    return config.var / "log" / f"{name}.log"


def render(config: Settings, services: Iterable[Service]) -> str:
    """The supervisor's configuration: nothing on TCP, nothing started by itself."""
    sections = [
        f"""\
[supervisord]
nodaemon=true
silent=true
logfile={_plain(config.var)}/log/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_plain(config.var)}/supervisord.pid
childlogdir={_plain(config.var)}/log
environment={_environment({MARK: str(config.var), "ACUDE_VAR": str(config.var), "TZ": "UTC"})}

[unix_http_server]
file={_plain(socket_path(config, NAME))}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    ]
    return "\n".join([*sections, *(_program(config, service) for service in services)])


def _program(config: Settings, service: Service) -> str:
    return f"""\
[program:{service.name}]
command={" ".join(_quoted(part) for part in service.command)}
directory={_plain(service.directory or config.var)}
environment={_environment(service.own_ports() | service.kafka_login(config) | service.environment)}
autostart=false
autorestart=true
startsecs=5
startretries={_FOR_EVER}
stopsignal={service.stop_signal}
stopwaitsecs={service.stop_timeout_s}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={_plain(log_path(config, service.name))}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""


def _plain(value: object) -> str:
    """A value in supervisord's file, where ``%`` begins an expansion."""
    return str(value).replace("%", "%%")


def _quoted(part: str) -> str:
    """One argument of a command."""
    return '"' + _plain(part).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _environment(variables: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_plain(value)}"' for name, value in variables.items())


class Supervisor:
    """The supervisor of one platform, running or not."""

    def __init__(self, config: Settings) -> None:
        self._config = config

    @property
    def _rpc(self) -> Any:  # noqa: ANN401 - XML-RPC has no types
        transport = SupervisorTransport(serverurl=f"unix://{socket_path(self._config, NAME)}")
        return ServerProxy("http://localhost", transport=transport).supervisor

    def is_running(self) -> bool:
        """Whether a supervisor answers on the socket."""
        with contextlib.suppress(*_UNREACHABLE, Fault):
            return bool(self._rpc.getState()["statecode"] == 1)
        return False

    def launch(self, services: Iterable[Service]) -> set[str]:
        """Start the supervisor, or give a running one the present list of services.

        Returns:
            Names of services that ran and were stopped, because their lines have changed.

        Raises:
            PlatformError: It doesn't answer within ten seconds.
        """
        (self._config.var / "log").mkdir(parents=True, exist_ok=True)
        # Commands and environments may hold secrets.
        write_private(config_path(self._config), render(self._config, services))
        if self.is_running():
            return self._reload()
        socket_path(self._config, NAME).unlink(missing_ok=True)
        program = Path(sys.executable).parent / "supervisord"
        with log_path(self._config, "supervisord-start").open("w") as log:
            supervisor = subprocess.Popen(
                ["env", f"{MARK}={self._config.var}", program, "-n", "-c", config_path(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Each server inherits it: what it keeps is for its own user only.
                umask=0o077,
            )
        remember_session(self._config.var, supervisor.pid)
        if not _until_true(self.is_running):
            lines = log_path(self._config, "supervisord-start").read_text().splitlines()[-20:]
            raise PlatformError("The process supervisor (supervisord) does not answer.", "See its log above.", lines)
        return set()

    def _reload(self) -> set[str]:
        """Take over a changed configuration; services whose lines did not change keep running."""
        [[added, changed, removed]] = self._rpc.reloadConfig()
        running = {name for name, info in self.info().items() if info["pid"]}
        for name in [*changed, *removed]:
            self._rpc.stopProcessGroup(name)
            self._rpc.removeProcessGroup(name)
        for name in [*added, *changed]:
            self._rpc.addProcessGroup(name)
        return running.intersection(changed)

    def info(self) -> dict[str, dict[str, Any]]:
        """What the supervisor knows of each service, by name: statename, pid, start, spawnerr, exitstatus."""
        return {entry["name"]: entry for entry in self._rpc.getAllProcessInfo()}

    def start(self, name: str) -> None:
        """Start a service unless it runs; does not wait."""
        with _faults_ignored("ALREADY_STARTED"):
            self._rpc.startProcess(name, False)

    def stop(self, name: str) -> None:
        """Stop a service and wait until it is gone."""
        # One that has just died can't be stopped, and is started again a moment later.
        while True:
            with _faults_ignored("NOT_RUNNING"):
                self._rpc.stopProcess(name, True)
            if self.info()[name]["statename"] in {"STOPPED", "FATAL"}:
                return
            time.sleep(_LOOK_S)

    def shutdown(self) -> None:
        """Stop the supervisor; it stops what still runs."""
        with contextlib.suppress(*_UNREACHABLE):
            self._rpc.shutdown()


@contextlib.contextmanager
def _faults_ignored(*names: str) -> Iterator[None]:
    try:
        yield
    except Fault as fault:
        if fault.faultString.partition(":")[0] not in names:
            raise


@contextlib.contextmanager
def ending_meanwhile() -> Iterator[None]:
    """Leaves the block quietly where another process has stopped the supervisor."""
    with contextlib.suppress(*_UNREACHABLE), _faults_ignored("SHUTDOWN_STATE"):
        yield


@retry(
    retry=retry_if_not_result(bool),
    stop=stop_after_delay(10),
    wait=wait_fixed(0.1),
    retry_error_callback=lambda _: False,
)
def _until_true(question: Callable[[], bool]) -> bool:
    return question()

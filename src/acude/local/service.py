"""One of the platform's servers: command, ports, readiness, dependencies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from acude.settings import HOST, Settings

Action = Callable[[Settings], object]


def nothing(_: Settings) -> None:
    """The action of a server that needs none."""


@dataclass(frozen=True)
class Service:
    """One process that the platform keeps running.

    Attributes:
        name: Name on the command line and of its log file.
        purpose: What it does for the platform, a few words.
        command: Program and arguments; secrets belong in ``environment`` or in files, because arguments are public.
        ready: Makes one request of the server's own protocol; raises whatever its client raises until it is answered.
        health: Where it says over HTTP that it is ready, on this machine; empty where only ``ready`` can ask.
        address: What a user types to reach it.
        login: How a user logs in, empty where nobody does.
        environment: Variables on top of the platform's own.
        ports: Every TCP port it listens on, with the setting that moves it.
        inner: Settings of those ports that stay on loopback wherever the others listen.
        after: Servers that must be ready before this one starts.
        prepare: Runs before each start: writes configuration, formats storage. Must be repeatable.
        finish: Runs after each start, once ready: creates buckets, databases. Must be repeatable. It does not
            run in containers (`acude serve`): there `acude init` does the same.
        tidy: Runs after `acude down` has stopped it: removes what it leaves outside ``var``.
        timeout_s: How long its start may go on without a sign of progress.
        stop_timeout_s: How long it may take to stop before it is killed.
        stop_signal: The signal that stops it in good order.
        directory: Working directory; None: ``var``.
        live: Part of the simulated shop, or the streams that land its events; left out by `acude up --servers`.
    """

    name: str
    purpose: str
    command: Sequence[str]
    ready: Action
    address: str
    health: str = ""
    login: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ports: Sequence[tuple[int, str]] = ()
    inner: Sequence[str] = ()
    after: Sequence[str] = ()
    prepare: Action = nothing
    finish: Action = nothing
    tidy: Action = nothing
    timeout_s: float = 60
    stop_timeout_s: int = 15
    stop_signal: str = "TERM"
    directory: Path | None = None
    live: bool = False

    @property
    def alive(self) -> str:
        """Where it says over HTTP that its work goes on: beside `/pronta`; empty where it says nothing of it."""
        place, ready, _ = self.health.rpartition("/pronta")
        return f"{place}/viva" if ready else ""

    def places(self, config: Settings) -> list[tuple[str, int, str]]:
        """Where it listens: address, port, and the setting that moves the port."""
        return [(HOST if setting in self.inner else config.bind, port, setting) for port, setting in self.ports]

    def own_ports(self) -> dict[str, str]:
        """The ports as the variables that the server's own process reads: a moved port moves there too."""
        # The first of a run of ports is the one that the setting names.
        return {f"ACUDE_{setting.upper()}": str(port) for port, setting in reversed(self.ports)}

"""``acude up``."""

import signal
import threading
from dataclasses import asdict
from typing import Annotated

import typer

from acude.commands.command_log import asked_to_start, asked_to_stop
from acude.commands.output import Json, err, print_json, print_table
from acude.commands.progress import ServiceProgress
from acude.errors import AcudeError
from acude.local.platform import Platform
from acude.settings import settings

app = typer.Typer(add_completion=False)

_LOOK_EVERY_S = 2.0


@app.command()
def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; keep running.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Start this service and what it needs; repeatable.")] = None,
    servers: Annotated[bool, typer.Option("--servers", help="The bare servers, without the live shop.")] = False,
    tls: Annotated[
        bool | None, typer.Option(help="Speak TLS from now on, or no longer; without this, as the last time.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="A Spark cluster of that many workers from now on; 0: none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the platform's servers, wait until each answers, and print addresses and logins.

    Runs in the foreground and stops everything on Ctrl-C; with [bold]--detach[/bold] it returns, and
    [bold]acude down[/bold] stops the servers. What already runs is left alone, so a second call costs little.
    The live shop (shoppers, warehouses, and the streams that take them in) starts with the servers, unless
    [bold]--servers[/bold] is given. The first start draws the passwords into [bold]var/local.env[/bold].

    Examples:
      acude up                        all servers, until Ctrl-C
      acude up --detach --servers     without the live shop, in the background
      acude up --only kafka           just the broker
      acude up --tls                  Kafka, PostgreSQL, Valkey, the payment API and its issuer speak TLS
      acude up --workers 2            streams and batch run on a Spark cluster: a master and two workers
    """
    chosen = {name: value for name, value in (("local_tls", tls), ("spark_workers", workers)) if value is not None}
    platform = Platform(settings().model_copy(update=chosen))
    done, attached = _stop_signal(), platform.is_running()
    if attached:
        asked_to_start("acude up")
    try:
        with ServiceProgress() as progress:
            platform.up(only or platform.names(live=not servers), progress)
        if not only and not servers:
            _let_schedules_run(platform)
    except (KeyboardInterrupt, AcudeError) as problem:
        # Nobody would stop in the background what a foreground start has left; what ran before it stays.
        if not detach and not attached:
            _down(platform)
        if isinstance(problem, AcudeError):
            raise
        raise typer.Exit(130) from None
    _print_addresses(platform, as_json=as_json)
    if detach:
        return
    err.print("The platform runs. Ctrl-C stops it.")
    _watch(platform, done)
    _down(platform)


def _let_schedules_run(platform: Platform) -> None:
    """Unpauses the DAGs. They are paused on a new platform, so that they don't all run in its first minutes."""
    from acude.orchestration.airflow_api import AirflowApi  # noqa: PLC0415 - --help does without it

    with AirflowApi(platform.config) as airflow:
        for file in sorted((platform.config.project / "dags").glob("*.py")):
            airflow.pause(file.stem, paused=False)


def _stop_signal() -> threading.Event:
    """An event that Ctrl-C during the wait, a closed terminal or a service manager sets."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: done.set())
    return done


def _watch(platform: Platform, done: threading.Event) -> None:
    """Waits for the end, also by `acude down`; reports servers that died and were started again."""
    seen = {row.name: row.restarts for row in platform.status(thorough=False)}
    try:
        while not done.wait(_LOOK_EVERY_S) and platform.is_running():
            for row in platform.status(thorough=False):
                if row.restarts > seen.get(row.name, 0):
                    err.print(f"[yellow]![/yellow] {row.name} died; it is {row.state}. See `acude logs {row.name}`.")
                seen[row.name] = row.restarts
    except KeyboardInterrupt:
        err.print()


def _down(platform: Platform) -> None:
    asked_to_stop("acude up, which was ended")
    with ServiceProgress() as progress:
        platform.down(progress)


def _print_addresses(platform: Platform, *, as_json: bool) -> None:
    rows = [row for row in platform.status(thorough=False) if row.pid]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    print_table(("service", "for", "address", "login"), [(r.name, r.purpose, r.address, r.login) for r in rows])

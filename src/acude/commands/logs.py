"""``acude logs``."""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from acude.commands.output import Json, print_json, print_lines
from acude.errors import AcudeError
from acude.local.readiness import log_tail
from acude.local.services import all_services, chosen
from acude.local.supervisor import log_path
from acude.settings import settings

app = typer.Typer(add_completion=False)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="A service, as `acude status` names it.")],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many of the last lines.")] = 50,
    as_json: Json = False,
) -> None:
    """Show the end of a server's log ([bold]var/log/NAME.log[/bold]; times are UTC)."""
    config = settings()
    chosen(all_services(config), [name])
    path = log_path(config, name)
    if not path.exists():
        raise AcudeError(f"{name} has no log yet at {path}.", "Start it with `acude up`.")
    if follow:
        _follow(path, lines)
        return
    tail = log_tail(config, name, lines)
    if as_json:
        print_json(tail)
    else:
        print_lines(tail)


def _follow(path: Path, lines: int) -> None:
    """Shows new lines until Ctrl-C, or until nobody reads them."""
    tail = ["tail", "-n", str(lines), "-F", str(path)]
    how: dict[str, Any] = {"stdout": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    with suppress(KeyboardInterrupt), subprocess.Popen(tail, **how) as process:
        try:
            print_lines(line.removesuffix("\n") for line in process.stdout or ())
        finally:
            process.terminate()

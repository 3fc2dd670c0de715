"""``acude logs``."""

import os
from typing import Annotated

import typer

from acude.commands.output import Json, print_json
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
        os.execlp("tail", "tail", "-n", str(lines), "-F", str(path))  # noqa: S606 - becomes the program on purpose
    tail = log_tail(config, name, lines)
    if as_json:
        print_json(tail)
    else:
        typer.echo("\n".join(tail))

"""``acude docker``."""

from pathlib import Path
from typing import Annotated

import typer

from acude.commands.output import err
from acude.errors import AcudeError
from acude.local import containers

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def docker() -> None:
    """What docker/docker-compose.yml needs."""


@app.command()
def secrets(
    folder: Annotated[Path, typer.Argument(help="Where to.")] = containers.SECRETS,
) -> None:
    """Draw the containers' secrets into [bold]docker/secrets/[/bold]; those that are there stay.

    The folder is its owner's alone, and git ignores it. Where a secret is to change, delete its file; the password
    of a database that exists must be changed there, too.
    """
    if not containers.COMPOSE.exists():
        raise AcudeError(f"{containers.COMPOSE.name} belongs to a checkout, and this is none.", "Run it in a checkout.")
    names = containers.draw(folder)
    err.print(f"{len(names)} files in {folder}.")

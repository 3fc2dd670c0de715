"""``acude down``."""

import typer

from acude.commands.command_log import asked_to_stop
from acude.commands.output import Json, err, print_json
from acude.commands.progress import ServiceProgress
from acude.local.platform import Platform

app = typer.Typer(add_completion=False)


@app.command()
def down(*, as_json: Json = False) -> None:
    """Stop whatever is left of the platform; its data stays in [bold]var/[/bold].

    Works also when the process supervisor itself was killed: servers are known by a mark in their environment.
    """
    asked_to_stop("acude down")
    with ServiceProgress() as progress:
        ended = Platform().down(progress)
    if as_json:
        print_json({"ended_outside_supervisor": ended})
        return
    err.print(f"The platform is down{f' ({ended} stray processes ended)' if ended else ''}.")

"""``acude serve``."""

from typing import Annotated

import typer

from acude.commands.output import err
from acude.local import serve as local
from acude.local.service import Service
from acude.settings import Settings, settings

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    name: Annotated[str, typer.Argument(help="A service, as `acude status` names it.")],
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only write its configuration and bring its storage up to date.")
    ] = False,
    ready: Annotated[bool, typer.Option("--ready", help="Only ask whether it answers; exits with 1 if not.")] = False,
) -> None:
    """Become one of the platform's servers, with the command and configuration that it has on one machine.

    For containers, and for machines that run one server each; there is no supervisor, and nothing else is started.

    Examples:
      acude serve risk-worker            a payment worker
      acude serve airflow-api --prepare  Airflow's database at this version's schema
      acude serve glue --ready           whether the catalogue answers
    """
    config = settings()
    if prepare:
        local.prepare(config, name)
    elif ready:
        _ask(local.named(config, name), config)
    else:
        local.serve(config, name)


def _ask(service: Service, config: Settings) -> None:
    try:
        service.ready(config)
    except Exception as problem:  # noqa: BLE001 - whatever its client raises
        err.print(f"{service.name} does not answer: {problem!r}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None

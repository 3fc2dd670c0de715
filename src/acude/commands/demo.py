"""``acude demo``."""

import time
from typing import Annotated

import typer

from acude.commands.command_log import asked_to_stop
from acude.commands.output import Json, err, out, print_json, print_table
from acude.commands.progress import ServiceProgress
from acude.local.platform import Platform
from acude.settings import settings

app = typer.Typer(add_completion=False)

_SERVERS = ("streams", "athena", "spark-batch", "airflow-api", "airflow-scheduler", "airflow-dag-processor")
"""The servers that the five properties need, besides those that these depend on."""


@app.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the servers running afterwards.")] = False,
    as_json: Json = False,
) -> None:
    """Play a day in the shop on real servers, kill a part of it, and prove that nothing was lost.

    Starts what is not running, plays the next day, and ends with a report of the platform's five properties. Stops
    what it started. Exit code 0 only if all five held.
    """
    began = time.monotonic()
    platform = Platform(settings().model_copy(update={"jvm_short_lived": True}))
    attached = platform.is_running()
    try:
        with ServiceProgress() as progress:
            platform.up(_SERVERS, progress)
        held = _play(platform, began, as_json=as_json)
    finally:
        if not attached and not keep:
            asked_to_stop("acude demo")
            with ServiceProgress() as progress:
                platform.down(progress)
    raise typer.Exit(0 if held else 1)


def _play(platform: Platform, began: float, *, as_json: bool) -> bool:
    from acude.commands.reconcile import show  # noqa: PLC0415 - imports Spark, which --help does without
    from acude.demo.run import run  # noqa: PLC0415

    result = run(platform, lambda sentence: err.print(f"{time.monotonic() - began:6.1f} s  {sentence}"))
    if as_json:
        properties = [vars(one) for one in result.properties]
        print_json(
            {"day": result.day, "held": result.held, "seconds": round(result.seconds, 1), "properties": properties}
        )
        return result.held
    if result.report:
        show(result.report)
        out.print()
    best = [[str(value) for value in row] for row in result.best_sellers]
    print_table(["", "product", "pieces", "revenue", ""], best, title=f"Best sellers of {result.day}, from Athena")
    out.print()
    rows = [
        (f.property, "[green]held[/green]" if f.held else "[red]broken[/red]", f.evidence) for f in result.properties
    ]
    print_table(["property", "", "shown by"], rows)
    out.print(f"\n{time.monotonic() - began:.0f} s in all. `acude up` keeps it running; each demo plays the next day.")
    return result.held

"""``acude demo``."""

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from acude.commands.command_log import asked_to_stop
from acude.commands.output import Json, err, out, print_json, print_table, styled
from acude.commands.progress import ServiceProgress
from acude.local.platform import Platform
from acude.settings import settings

if TYPE_CHECKING:
    from acude.demo.result import PropertyResult, Say

app = typer.Typer(add_completion=False)

_SERVERS: Final = ("streams", "athena", "spark-batch", "airflow-api", "airflow-scheduler", "airflow-dag-processor")
"""The servers that the five properties need, besides those that these depend on."""
_PAYMENTS: Final = ("streams", "athena", "spark-batch", "risk-worker", "risk-recorder", *_SERVERS[-3:])


@app.command()
def demo(
    *,
    payments: Annotated[bool, typer.Option("--payments", help="Play payments instead of the shop.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the servers running afterwards.")] = False,
    as_json: Json = False,
) -> None:
    """Play a day in the shop on real servers, kill a part of it, and prove that nothing was lost.

    Starts what is not running, plays the next day, and ends with a report of the platform's five properties. Stops
    what it started. Exit code 0 only if all five held.

    With --payments: 13 days of payments with known frauds are decided, a model learns from them in the lake, is
    promoted and decides the next ones; three properties.
    """
    began = time.monotonic()
    platform = Platform(settings().model_copy(update={"jvm_short_lived": True}))
    attached = platform.is_running()
    try:
        with ServiceProgress() as progress:
            platform.up(_PAYMENTS if payments else _SERVERS, progress)
        half = _play_payments if payments else _play_shop
        held = half(platform, began, as_json=as_json)
    finally:
        if not attached and not keep:
            asked_to_stop("acude demo")
            with ServiceProgress() as progress:
                platform.down(progress)
    raise typer.Exit(0 if held else 1)


def _play_shop(platform: Platform, began: float, *, as_json: bool) -> bool:
    from acude.commands.reconcile import show  # noqa: PLC0415 - imports Spark, which --help does without
    from acude.demo.shop import run  # noqa: PLC0415

    result = run(platform, _steps(began))
    if as_json:
        print_json({"day": result.day, **_outcome(result.properties, began, held=result.held)})
        return result.held
    if result.report:
        show(result.report)
        out.print()
    best = [[str(value) for value in row] for row in result.best_sellers]
    print_table(["", "product", "pieces", "revenue", ""], best, title=f"Best sellers of {result.day}, from Athena")
    _show(result.properties, began, "each demo plays the next day.")
    return result.held


def _play_payments(platform: Platform, began: float, *, as_json: bool) -> bool:
    from acude.demo.payments import run  # noqa: PLC0415 - imports Spark, which --help does without

    result = run(platform, _steps(began))
    if as_json:
        print_json({"model": result.model, **_outcome(result.properties, began, held=result.held)})
        return result.held
    heading = ["decision", "model", "payments", "with its reasons", "silent", "ms"]
    rows = [[str(value) for value in row] for row in result.decided]
    print_table(heading, rows, title="Decided after the promotion, from Athena")
    _show(result.properties, began, "each demo plays the 13 days before it.")
    return result.held


def _steps(began: float) -> "Say":
    return lambda sentence: err.print(f"{time.monotonic() - began:6.1f} s  {sentence}")


def _outcome(properties: "list[PropertyResult]", began: float, *, held: bool) -> dict[str, object]:
    seconds = round(time.monotonic() - began, 1)
    return {"held": held, "seconds": seconds, "properties": [vars(one) for one in properties]}


def _show(properties: "list[PropertyResult]", began: float, next_time: str) -> None:
    out.print()
    rows = [
        (f.property, styled("held", "green") if f.held else styled("broken", "red"), f.evidence) for f in properties
    ]
    print_table(["property", "", "shown by"], rows)
    out.print(f"\n{time.monotonic() - began:.0f} s in all. `acude up` keeps it running; {next_time}")

"""``acude doctor``."""

from dataclasses import asdict

import typer
from rich.text import Text

from acude.commands.output import Json, out, print_json, print_table, styled
from acude.local.doctor import Check, examine
from acude.settings import settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Say what this machine lacks to run the platform, and how to get it.

    Looks at Python, Java, git, disk, memory, jars, Trino, ports, and what only the tests need: browser and promtool.
    Exit code 0 when nothing is missing that the platform needs.
    """
    checks = examine(settings())
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        print_table(("", "what", "found", "what to do"), [_row(check) for check in checks])
    missing = [check for check in checks if check.needed and not check.good]
    if not as_json:
        out.print("\nReady: `acude up`." if not missing else f"\n{len(missing)} to mend, then ask again.")
    raise typer.Exit(1 if missing else 0)


def _row(check: Check) -> tuple[str | Text, ...]:
    sign = styled("✓", "green") if check.good else styled("✗", "red") if check.needed else styled("!", "yellow")
    return sign, check.subject, check.found, check.advice

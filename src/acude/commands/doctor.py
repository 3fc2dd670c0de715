"""``acude doctor``."""

from dataclasses import asdict

import typer

from acude.commands.output import Json, out, print_json, print_table
from acude.local.doctor import Finding, examine
from acude.settings import settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Say what this machine lacks to run the platform, and how to get it.

    Looks at Python, Java, git, disk, memory, jars, ports, and the browser that only the tests need.
    Exit code 0 when nothing is missing that the platform needs.
    """
    findings = examine(settings())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(("", "what", "found", "what to do"), [_row(finding) for finding in findings])
    missing = [finding for finding in findings if finding.needed and not finding.good]
    if not as_json:
        out.print("\nReady: `acude up`." if not missing else f"\n{len(missing)} to mend, then ask again.")
    raise typer.Exit(1 if missing else 0)


def _row(finding: Finding) -> tuple[str, ...]:
    sign = "[green]✓[/green]" if finding.good else "[red]✗[/red]" if finding.needed else "[yellow]![/yellow]"
    return sign, finding.subject, finding.found, finding.advice

"""All figures, one after the other, so that none disturbs another: `make bench`."""

import subprocess
import sys
from typing import Annotated

import typer

PARTS = ("ingest", "batch", "demo", "footprint")


def main(parts: Annotated[list[str] | None, typer.Argument(help=f"Some of {', '.join(PARTS)}.")] = None) -> None:
    """Takes the figures of these parts, or of all, and writes var/bench/*.json. All take two hours."""
    chosen = parts or PARTS
    if unknown := set(chosen) - set(PARTS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not among {', '.join(PARTS)}")
    failed = 0
    for part in chosen:
        print(f"── {part}", flush=True)
        failed += bool(subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=False).returncode)
    raise typer.Exit(failed)


if __name__ == "__main__":
    typer.run(main)

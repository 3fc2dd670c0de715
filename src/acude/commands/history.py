"""``acude history``."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich import filesize

from acude.commands.days import day_option, require_order
from acude.commands.output import Json, err, out, print_json, print_table
from acude.commands.progress import counted
from acude.days import require_days
from acude.inbox import upload as inbox
from acude.inbox.files import FOLDER
from acude.settings import settings
from acude.simulator import history as simulated

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Put daily sales files into the inbox.")

First = Annotated[date | None, day_option("--from", "Leave out earlier days (UTC).")]
Last = Annotated[date | None, day_option("--to", "Leave out later days (UTC).")]


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="Folder with a file per day, the day in its name, or its parts.")],
    *,
    origem: Annotated[str | None, typer.Option(help="Name of the source. Default: the folder's name.")] = None,
    first: First = None,
    last: Last = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of what else the inbox has of the same day.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put daily CSV, CSV.gz or Parquet files into the S3 inbox, as they are; the daily batch checks them.

    A file goes to [bold]vendas/ORIGEM/YYYY-MM-DD.EXT[/bold]; its day is the YYYY-MM-DD in its name. A large day may
    come in parts: files [bold]part-*[/bold] in a folder YYYY-MM-DD. What lies there with the same bytes is skipped,
    what changed is uploaded again and listed. Exit code 2 where the files can't be put there as they are: nothing was
    uploaded then.

    Examples:
      acude history load online-retail --from 2010-12-01 --to 2010-12-31
      acude history load /tmp/files --origem atacado --replace
    """
    require_order(first, last)
    source = inbox.slug(origem or folder.resolve().name)
    config = settings()
    files = inbox.daily_files(folder, first, last)
    require_days(*(file.day for file in files))
    with counted() as progress:
        task = progress.add_task("loading", total=len(files))
        done = inbox.load(
            config,
            files,
            source,
            replace=replace,
            on_file=lambda _: progress.advance(task),
        )
    if as_json:
        print_json(asdict(done) | {"bucket": config.inbox_bucket})
    else:
        _print(done, config.inbox_bucket)


@app.command()
def generate(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    *,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days.")] = 30,
    to: Annotated[date | None, day_option("--to", "The last day (UTC); yesterday unless given.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 7,
    as_json: Json = False,
) -> None:
    """Write the simulated shop's old sales, a file per day, and the truth about them ([bold]verdade.json[/bold]).

    They have the dirt of real files: repeated lines, returns, prices of zero, missing customers, unreadable values.
    """
    last = to or simulated.days_before(datetime.now(UTC).date(), 2)[0]
    require_days(last)
    with err.status(f"writing {days} days"):
        truth = simulated.generate(seed, simulated.days_before(last, days), folder)
    if as_json:
        print_json({str(day): asdict(known) for day, known in truth.items()})
        return
    out.print(f"{len(truth)} files in {folder}, from {min(truth)} to {max(truth)}; the truth is in {simulated.TRUTH}")


def _print(done: inbox.Loaded, bucket: str) -> None:
    rows = [("new", done.new), ("changed", done.changed), ("unchanged", done.unchanged), ("removed", done.removed)]
    print_table(("outcome", "files"), [(name, str(len(keys))) for name, keys in rows if keys])
    for key in done.changed:
        out.print(f"changed: {key}", markup=False)
    for key in done.removed:
        out.print(f"removed: {key}", markup=False)
    out.print(f"{filesize.decimal(done.size)} uploaded to s3://{bucket}/{FOLDER}{done.origem}/")

"""``acude backup``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import filesize
from rich.progress import DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from acude.commands.output import Json, err, out, print_json, print_table, styled
from acude.commands.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from acude.backup.choose import Listed
    from acude.backup.manifest import Manifest, StoredDatabase
    from acude.backup.verify import Verified

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Back up the databases, prove it, and bring them back.

    A backup holds the databases of the local PostgreSQL server, or of the one that ACUDE_BACKUP_DSN names, each as it
    was at one moment, and the roles. It is encrypted before it leaves the process and lies in the bucket
    [bold]acude-backup[/bold]. Keep a copy of ACUDE_BACKUP_KEYS ([bold]var/local.env[/bold]) elsewhere: without it no
    backup can be read.

    Examples:
      acude backup create --keep 14
      acude backup verify
      acude backup restore --database risco
    """,
)

Which = Annotated[str, typer.Argument(metavar="[ID]", help="The backup's name, or latest.")]
Keep = Annotated[int, typer.Option("--keep", min=1, help="How many complete backups stay, the newest ones.")]
_NONE = "There is no backup yet; `acude backup create` makes one."
_SAID = {"stored", "loaded", "proved", "refused"}


@app.command()
def create(
    *,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="Then remove all but the newest N.")] = None,
    as_json: Json = False,
) -> None:
    """Back up every database, while everything runs.

    Each database is dumped from one snapshot, in which its rows are counted too; the manifest has the counts. Nothing
    stays in S3 where it fails. What [bold]--keep[/bold] removes is removed after the new one is complete.

    Examples:
      acude backup create
      acude backup create --keep 14
    """
    from acude.backup.create import create as make  # noqa: PLC0415 - --help does without it
    from acude.backup.prune import prune as remove  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    with _Progress() as report:
        manifest = make(settings(), report)
    removed = remove(settings(), keep) if keep else []
    if as_json:
        print_json(manifest.model_dump(mode="json") | {"removidos": removed})
        return
    _print_databases(manifest.bancos)
    size = filesize.decimal(manifest.size)
    out.print(f"\n{manifest.id}: {size}, key {manifest.chave}. Prove it with `acude backup verify`.")
    for one in removed:
        out.print(f"removed {one}", markup=False)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the backups, newest first, and say of which the manifest can't be opened.

    Example:
      acude backup list --json
    """
    from acude.backup.choose import listed  # noqa: PLC0415 - --help does without it
    from acude.backup.storage import Storage  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    found = listed(Storage(settings()))
    if as_json:
        print_json([_plain(one) for one in found])
        return
    print_table(("backup", "databases", "rows", "size", "key", "state"), [_row(one) for one in found], nothing=_NONE)


@app.command()
def verify(backup_id: Which = "latest", *, as_json: Json = False) -> None:
    """Prove a backup: decrypt and check all of it, load each database into a scratch one, count its rows.

    The databases in use aren't touched; the disk must have room for a second copy of the largest one. Exit code 1
    where anything is not as it was stored.

    Examples:
      acude backup verify
      acude backup verify 20261123T012628123456Z-1a2b3c --json
    """
    from acude.backup.verify import verify as prove  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    with _Progress() as report:
        manifest, verified = prove(settings(), backup_id, report)
    bad = [one for one in verified if one.problema]
    if as_json:
        print_json({"id": manifest.id, "valido": not bad, "bancos": [vars(one) for one in verified]})
    else:
        print_table(("database", "tables", "rows", ""), [_verified_row(one) for one in verified])
        out.print(f"\n{manifest.id}: " + (f"{len(bad)} can't be brought back." if bad else "all of it comes back."))
    raise typer.Exit(1 if bad else 0)


@app.command()
def restore(
    backup_id: Which = "latest",
    *,
    databases: Annotated[
        list[str] | None, typer.Option("--database", help="Only this one; repeatable. Default: all.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace databases that hold rows; ends their sessions.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring databases back, with owners and rights, and say what to do next.

    Each is loaded beside what is there and counted; only when all are good do they take their places, together. A
    database that holds rows is left alone unless [bold]--overwrite[/bold] is given. Best while only the servers that it
    takes run: `acude up --detach --only postgres --only s3`.

    Examples:
      acude backup restore
      acude backup restore 20261123T012628123456Z-1a2b3c --database risco --overwrite
    """
    from acude.backup.restore import restore as bring_back  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    with _Progress() as report:
        manifest, restored = bring_back(settings(), backup_id, databases or [], report, overwrite=overwrite)
    steps = next_steps(manifest, restored)
    if as_json:
        counted = [{"banco": one.banco, "instante": one.instante, "tabelas": one.tabelas} for one in restored]
        print_json({"id": manifest.id, "bancos": counted, "proximos_passos": steps})
        return
    _print_databases(restored)
    out.print(f"\n{manifest.id} is back. Next:")
    for step in steps:
        out.print(f"- {step}", markup=False)


@app.command()
def prune(*, keep: Keep, as_json: Json = False) -> None:
    """Remove all but the newest complete backups, and what failed ones left behind a day ago or earlier.

    One whose manifest can't be opened is neither counted nor removed.

    Example:
      acude backup prune --keep 14
    """
    from acude.backup.prune import prune as remove  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    removed = remove(settings(), keep)
    if as_json:
        print_json({"removidos": removed})
        return
    out.print(f"{len(removed)} removed")
    for one in removed:
        out.print(f"removed {one}", markup=False)


@app.command("catch-up")
def catch_up(backup_id: Which = "latest", *, as_json: Json = False) -> None:
    """After a restore of risco: have the recorder copy the decisions made since the backup once more.

    They are in Kafka for seven days. What is in the database already is kept as it is. The recorder must not run.

    Example:
      acude up --detach --only postgres --only s3 --only kafka && acude backup catch-up && acude up --detach
    """
    from acude.backup.catch_up import MARGIN, record_again  # noqa: PLC0415 - --help does without it
    from acude.backup.choose import chosen  # noqa: PLC0415
    from acude.backup.storage import Storage  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    manifest = chosen(Storage(settings()), backup_id)
    since = manifest.criado_em - MARGIN
    records = record_again(settings(), since)
    if as_json:
        print_json({"id": manifest.id, "desde": since, "registros": records})
        return
    out.print(f"The recorder will read {records:,} records again, from {since:%Y-%m-%d %H:%M} UTC on.")


@app.command("rotate-key")
def rotate_key(*, as_json: Json = False) -> None:
    """Draw a new key for backups; the old ones stay, to read what they have made.

    An old key may be taken out of ACUDE_BACKUP_KEYS when `acude backup list` shows no backup of it any more.
    """
    from acude.backup.rotate import rotate  # noqa: PLC0415 - --help does without it
    from acude.local.environment import local_env_path  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    path = local_env_path(settings())
    key = rotate(settings())
    if as_json:
        print_json({"chave": key.name, "arquivo": str(path)})
        return
    out.print(f"New backups are made with key {key.name}. Copy ACUDE_BACKUP_KEYS of {path} to its safe place now.")


def next_steps(manifest: "Manifest", restored: "Sequence[StoredDatabase]") -> list[str]:
    """What a person does after a restore, a sentence each, in their order."""
    names = {one.banco for one in restored}
    day = f"{manifest.criado_em:%Y-%m-%d}"
    steps = []
    if "risco" in names:
        steps.append(
            "Decisions made since are in Kafka: `acude up --detach --only kafka`, then "
            f"`acude backup catch-up {manifest.id}` before the recorder runs."
        )
    steps.append("Start the rest: `acude up --detach`. It sets the roles' passwords to those of var/local.env.")
    if "warehouse" in names:
        steps.append(f"Load the warehouse's later days: `acude backfill carga_redshift --from {day} --to TODAY`.")
    if "airflow" in names:
        steps.append(f"Airflow has forgotten its runs since {day}; running a day again changes nothing.")
    if "loja" in names:
        later = _moment(manifest.criado_em)
        steps.append(f"Orders taken after {later} aren't in loja; those of exported days are in silver.vendas.")
    return steps


class _Progress(Bars):
    """Shows each file's progress: moving lines on a terminal, elsewhere one plain line per finished file."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description:<10}"))
        more = (TextColumn("{task.fields[step]:<9}"), DownloadColumn(), TimeElapsedColumn())
        super().__init__(*columns, *more)
        self._tasks: dict[str, Any] = {}

    def __call__(self, what: str, step: str, done: int) -> None:
        """How far something is."""
        ended = step in _SAID
        if not err.is_terminal:
            if ended:
                err.print(f"{what:<10} {step} {filesize.decimal(done)}", markup=False)
            return
        if what not in self._tasks:
            self._tasks[what] = self.bars.add_task(what, total=None, step=step)
        self.bars.update(self._tasks[what], step=step, completed=done, total=done if ended else None)


def _print_databases(databases: Any) -> None:  # noqa: ANN401 - any sequence of them
    rows = [(one.banco, str(len(one.tabelas)), f"{one.linhas:,}", filesize.decimal(one.tamanho)) for one in databases]
    print_table(("database", "tables", "rows", "size"), rows)


def _verified_row(one: "Verified") -> tuple[str | Text, ...]:
    said = Text.assemble(styled("✗", "red"), f" {one.problema}") if one.problema else styled("✓", "green")
    return one.banco, str(one.tabelas), f"{one.linhas:,}", said


def _row(one: "Listed") -> tuple[str | Text, ...]:
    if not one.manifest:
        return one.id, "", "", "", "", styled(one.problem or "", "yellow")
    rows = sum(database.linhas for database in one.manifest.bancos)
    names = ", ".join(database.banco for database in one.manifest.bancos)
    return one.id, names, f"{rows:,}", filesize.decimal(one.manifest.size), one.manifest.chave, "complete"


def _plain(one: "Listed") -> dict[str, Any]:
    manifest = one.manifest.model_dump(mode="json") if one.manifest else None
    return {"id": one.id, "completo": one.manifest is not None, "problema": one.problem, "manifesto": manifest}


def _moment(when: "datetime") -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"

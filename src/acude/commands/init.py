"""``acude init``."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from acude.commands import servers_away
from acude.commands.output import Json, err, print_json, print_lines, print_table
from acude.errors import AcudeError
from acude.settings import Settings, settings

Answer = TypeVar("Answer")

app = typer.Typer(add_completion=False)


@app.command()
def init(
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Say what is missing, and create nothing.")] = False,
    audit_sql: Annotated[
        bool,
        typer.Option("--audit-sql", help="Print the SQL that the database's administrator runs for the audit log."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Create topics, buckets, tables and catalogue entries that are missing, on servers that exist already.

    Databases are brought to this version's schema. The settings name the servers. What is there stays as it is,
    whatever it holds; running it again does no harm.
    On one machine [bold]acude up[/bold] does all of this.

    Examples:
      acude init --plan     what is missing
      acude init            create it
      acude init --audit-sql | psql ADDRESS   the audit log, as administrator
    """
    from acude.init.parts import PARTS, audit_script, notes  # noqa: PLC0415 - imports every client

    config = settings()
    if audit_sql:
        print_lines(audit_script(config).split("\n"))
        return
    rows: list[dict[str, object]] = []
    problems: list[AcudeError] = []
    for part in PARTS:
        if not part.wanted(config):
            rows.append({"part": part.name, "missing": [], "state": f"left out: {part.setting} is empty"})
            continue
        state = "would be created" if plan else "created"
        try:
            found = list(_asked(part.missing, config))
            if found and not plan:
                _asked(part.create, config)
        except AcudeError as problem:
            problems.append(problem)
            rows.append({"part": part.name, "missing": [], "state": "failed"})
        else:
            rows.append({"part": part.name, "missing": found, "state": state if found else "all there"})
    _show(rows, as_json=as_json)
    if problems:
        raise AcudeError(" ".join(str(problem) for problem in problems), "Mend it, then run `acude init` again.")
    for note in notes(config):
        err.print(f"[yellow]![/yellow] {escape(note)}")


def _asked(question: Callable[[Settings], Answer], config: Settings) -> Answer:
    try:
        return question(config)
    except AcudeError:
        raise
    except Exception as problem:
        error = servers_away.explained(problem)
        if error is None:
            raise
        raise error from problem


def _show(rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    print_table(
        ("part", "state", "missing"),
        [(str(row["part"]), str(row["state"]), ", ".join(map(str, row["missing"]))) for row in rows],  # type: ignore[call-overload]
    )

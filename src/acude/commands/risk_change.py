"""``acude risk promote``, ``rollback``, ``versions`` and ``shadow``."""

from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from acude.commands.days import day_option, require_order
from acude.commands.output import Json, err, out, print_json, print_table
from acude.commands.risk_comparison import show_comparison
from acude.errors import NothingFoundError

if TYPE_CHECKING:
    from acude.payments.version_log import Change
    from acude.payments.versions import Versions

_REPORT = "report"

Candidate = Annotated[
    str,
    typer.Argument(
        help="A policy's YAML file, or a folder with a trained model (modelo.onnx, modelo.json), a policy "
        "(regras.yaml), or both; or the s3:// address that the DAG treinar_modelo gives. What it doesn't bring stays "
        "as it is live."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with your name and the time.")]


def promote(candidate: Candidate, *, reason: Reason, as_json: Json = False) -> None:
    """Make a candidate the version that decides. The workers take it within seconds, without a restart.

    It is checked first: its values, the model's sha256 and inputs, and a decision. A policy whose versao is another
    one's is refused. What was live is kept: see [bold]acude risk rollback[/bold]. Exit code 1 where nothing changed.

    Examples:
      acude risk promote regras-novas.yaml --reason "fewer reviews of small Pix"
      acude risk promote var/modelo --reason "trained on October"
    """
    versions = _opened()
    before = versions.load(versions.live())
    with _local(candidate) as path:
        change = versions.promote(path, who=_person(), why=reason)
    _say(versions, change, before, as_json=as_json)


def rollback(*, reason: Reason, as_json: Json = False) -> None:
    """Go back to the version that decided before the live one was promoted; again, to the one before that.

    The last step back is to the rules that the settings name. Exit code 1 where there is nothing to go back to.

    Example:
      acude risk rollback --reason "too many honest payments refused"
    """
    versions = _opened()
    before = versions.load(versions.live())
    change = versions.rollback(who=_person(), why=reason)
    _say(versions, change, before, as_json=as_json)


def list_versions(*, as_json: Json = False) -> None:
    """List every change of the rules: what was promoted, gone back to or compared, by whom, when and why.

    The one marked as [bold]viva[/bold] decides, the one marked as [bold]sombra[/bold] is compared.

    Example:
      acude risk versions --json
    """
    versions = _opened()
    changes, live, shadow = versions.changes(), versions.live(), versions.shadow()
    installed = versions.load("")
    rows: list[dict[str, Any]] = [
        {"acao": "instalada", "versao_regras": installed.policy.versao, "versao_modelo": installed.model_version}
        | {"sha256": installed.sha256, "quem": None, "quando": None, "por_que": None, "anterior": None}
        | {"papel": None if live else "viva"}
    ]
    for change in changes:
        fields = {name: getattr(change, name) for name in change.__struct_fields__}
        rows.append({**fields, "papel": None})
    _mark(rows, "viva", live, {"promover", "voltar"})
    _mark(rows, "sombra", shadow, {"sombra"})
    if as_json:
        print_json(rows)
        return
    print_table(
        ("", "change", "rules", "model", "sha256", "who", "when (UTC)", "why"),
        [
            (
                row["papel"] or "",
                row["acao"],
                row["versao_regras"],
                row["versao_modelo"],
                row["sha256"][:16],
                row["quem"] or "",
                f"{row['quando']:%Y-%m-%d %H:%M:%S}" if row["quando"] else "",
                row["por_que"] or "",
            )
            for row in rows
        ],
    )


def shadow(
    candidate: Annotated[
        str | None, typer.Argument(help="As for promote; or the word report, for the figures so far.")
    ] = None,
    *,
    off: Annotated[bool, typer.Option("--off", help="Compare no more.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with your name and the time.")] = "",
    from_: Annotated[
        date | None, day_option("--from", "Of the report: first UTC day; the candidate's first unless given.")
    ] = None,
    to: Annotated[date | None, day_option("--to", "Of the report: last UTC day; today unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Have a candidate decide every payment too, beside the live rules; its decisions are compared and never used.

    The workers count agreement in their metrics and write each pair of decisions to topic comparacoes_sombra, which the
    lake keeps as silver.comparacoes_sombra; the report is made from that table, which is seconds behind. A payment is
    left out where the candidate is too slow or the worker is behind. Exit code 3 where nothing is compared.

    Examples:
      acude risk shadow regras-novas.yaml
      acude risk shadow report
      acude risk shadow --off
    """
    if off == bool(candidate):
        raise typer.BadParameter("name a candidate, or write report, or --off")
    require_order(from_, to)
    versions = _opened()
    if candidate == _REPORT:
        _report(versions, from_, to, as_json=as_json)
        return
    before = versions.load(versions.live())
    who = _person()
    if off:
        change = versions.end_shadow(who=who, why=reason)
    else:
        with _local(candidate or "") as path:
            change = versions.set_shadow(path, who=who, why=reason)
    _say(versions, change, before, as_json=as_json)


def _person() -> str:
    from acude.payments.audit_log import os_user  # noqa: PLC0415 - --help does without it

    return os_user()


def _opened() -> "Versions":
    from acude.payments.versions import Versions  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    return Versions(settings())


def _local(candidate: str) -> AbstractContextManager[Path]:
    from acude.payments.candidates import local  # noqa: PLC0415 - --help does without it
    from acude.settings import settings  # noqa: PLC0415

    return local(settings(), candidate)


def _note(change: "Change") -> None:
    """Writes the change to the audit log, where the database answers: a rollback must not wait for it."""
    import psycopg  # noqa: PLC0415 - --help does without it

    from acude.payments.audit_log import cli_user  # noqa: PLC0415
    from acude.payments.version_audit import note  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    try:
        note(settings(), change, cli_user())
    except psycopg.Error as problem:
        err.print(f"[yellow]![/yellow] The change is made, but not in the audit log ({type(problem).__name__}).")
        err.print("  Workers audit what they load; `acude risk versions` has the person and the reason.")


def _say(versions: "Versions", change: "Change", before: Any, *, as_json: bool) -> None:  # noqa: ANN401 - lazy import
    """Audits and prints what changed: the version, and each value that differs from the live one."""
    from acude.risk.differences import differences  # noqa: PLC0415

    _note(change)
    after = versions.load(change.sha256) if change.acao != "sem_sombra" else before
    found = differences(before, after)
    fields = {name: getattr(change, name) for name in change.__struct_fields__}
    if as_json:
        print_json(fields | {"diferencas": [one._asdict() for one in found]})
        return
    said = {
        "promover": "[bold green]live[/]",
        "voltar": "[bold yellow]live again[/]",
        "sombra": "[bold]compared[/]",
        "sem_sombra": "no longer compared",
    }[change.acao]
    out.print(f"{said}: rules {escape(change.versao_regras)}, model {escape(change.versao_modelo)}")
    out.print(f"sha256 {change.sha256 or 'none'}", style="dim")
    said_why = f"{change.quando:%Y-%m-%d %H:%M:%S} UTC by {change.quem}: {change.por_que or 'no reason given'}"
    out.print(said_why, style="dim", markup=False)
    if found:
        print_table(
            ("differs from what was live", "before", "now"),
            [(one.onde, _shown(one.antes), _shown(one.depois)) for one in found],
        )
    if after.model and not after.policy.modelo:
        out.print("[yellow]The policy gives the model no weight (modelo: 0): it is not asked.[/]")


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _mark(rows: list[dict[str, Any]], role: str, sha256: str, actions: set[str]) -> None:
    """Marks the last change that brought this version."""
    for row in reversed(rows):
        if sha256 and row["sha256"] == sha256 and row["acao"] in actions:
            row["papel"] = role
            return


def _report(versions: "Versions", first: date | None, last: date | None, *, as_json: bool) -> None:
    from acude.risk_history.comparisons import shadow_comparison  # noqa: PLC0415 - imports Arrow
    from acude.settings import settings  # noqa: PLC0415

    sha256 = versions.shadow()
    if not sha256:
        raise NothingFoundError("No candidate is compared.", "`acude risk shadow CANDIDATE` begins a comparison.")
    began = next(
        change for change in reversed(versions.changes()) if change.sha256 == sha256 and change.acao == "sombra"
    )
    found = shadow_comparison(settings(), sha256, first or began.quando.date(), last)
    if as_json:
        heading = {"versao_regras": began.versao_regras, "versao_modelo": began.versao_modelo, "sha256": sha256}
        print_json(heading | {"desde": began.quando} | found.as_json())
        return
    out.print(f"candidate: rules {escape(began.versao_regras)}, model {escape(began.versao_modelo)}")
    out.print(f"compared since {began.quando:%Y-%m-%d %H:%M} UTC", style="dim")
    show_comparison(found)

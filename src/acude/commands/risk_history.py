"""``acude risk replay``, ``train`` and ``reference``: what is done with past payments."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from acude.commands.days import day_option, moment_option, require_order
from acude.commands.output import Json, err, out, print_json, print_lines
from acude.commands.risk_comparison import show_comparison
from acude.days import midnight, require_days

First = Annotated[date, day_option("--from", "First UTC day of the payments.")]
Last = Annotated[date, day_option("--to", "Last UTC day, included.")]


def replay(
    *,
    first: First,
    last: Last,
    candidate: Annotated[
        str, typer.Option("--candidate", help="As for promote: a policy's file, a folder, or an address on S3.")
    ],
    as_json: Json = False,
) -> None:
    """Decide past payments with a candidate, and say what would have changed and what it would have cost.

    Spark reads the payments from silver, each with the past that it had, and what was decided then. What came to light
    is in silver.contestacoes. An approved payment of more than 7 days ago of which nothing came to light counts as
    honest; of a refused one nothing can come to light. External lists are not asked again.

    Examples:
      acude risk replay --from 2026-11-01 --to 2026-11-07 --candidate regras-novas.yaml
      acude risk replay --from 2026-11-01 --to 2026-11-07 --candidate var/modelo --json
    """
    days = _ordered(first, last)
    from acude.payments.candidates import local  # noqa: PLC0415
    from acude.payments.versions import Versions  # noqa: PLC0415
    from acude.publishing.publish import session  # noqa: PLC0415 - imports Spark
    from acude.risk_history.replay import replayed  # noqa: PLC0415 - imports Spark
    from acude.settings import settings  # noqa: PLC0415

    status = err.status(f"deciding the payments of {days[0]} to {days[1]} again")
    with (
        local(settings(), candidate) as path,
        Versions(settings()).candidate(path) as (folder, rules),
        session() as spark,
        status,
    ):
        found = replayed(spark, rules, folder, *days)
    if as_json:
        heading = {"de": days[0], "ate": days[1], "versao_regras": rules.policy.versao}
        print_json(heading | {"versao_modelo": rules.model_version, "sha256": rules.sha256} | found.as_json())
        return
    out.print(
        f"candidate: rules {rules.policy.versao}, model {rules.model_version}; payments of {days[0]} to {days[1]}"
    )
    show_comparison(found)


def train(
    *,
    first: First,
    last: Last,
    folder: Annotated[Path, typer.Option("--out", help="Folder for the model; what is in it is replaced.")],
    seed: Annotated[int, typer.Option(help="The same days, moment and seed give the same model.")] = 0,
    known_at: Annotated[
        datetime | None, moment_option("--known-at", "What came later is not looked at. Now, where it is left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn a model from past payments in silver and from what came to light of them (silver.contestacoes).

    Writes modelo.onnx, its card modelo.json with the file's sha256, cartao.md to read, and referencia.json for drift.
    Spark computes each payment's inputs as they were known when it was decided, and learns beside the lake.
    Nothing decides with the model before acude risk promote. Exit code 1 where too few frauds are known.

    Examples:
      acude risk train --from 2026-10-01 --to 2026-10-31 --out var/modelo
      acude risk train --from 2026-10-01 --to 2026-10-31 --known-at 2026-11-08T05:00:00 --out var/o-mesmo
    """
    days = _ordered(first, last)
    from acude.payments.versions import Versions  # noqa: PLC0415
    from acude.publishing.publish import session  # noqa: PLC0415 - imports Spark
    from acude.risk.model import CARD  # noqa: PLC0415
    from acude.risk_history.boosted_trees import write  # noqa: PLC0415
    from acude.risk_history.model_training import LABELS_TAKE  # noqa: PLC0415 - imports scikit-learn
    from acude.risk_history.training_set import train as trained  # noqa: PLC0415 - imports Spark
    from acude.settings import settings  # noqa: PLC0415

    moment = known_at or datetime.now(UTC)
    if midnight(last, 1) > moment - LABELS_TAKE:
        err.print("[yellow]![/] Of payments of the last 7 days few frauds are known yet; they will count as honest.")
    live = Versions(settings()).live_model()
    with err.status(f"learning from the payments of {days[0]} to {days[1]}"), session() as spark:
        files = trained(spark, *days, moment, seed=seed, live=live)
    write(files, folder)
    if as_json:
        print_lines(files[CARD].decode().split("\n"))
        return
    card = json.loads(files[CARD])
    out.print(f"[green]✓[/] model {card['version']} in {folder}, sha256 {card['sha256']}")
    for name, value in card["metrics"].items():
        out.print(f"  {name:<26} {value:,}")
    out.print(f"  acude risk shadow {folder}   compares it with what decides now", style="dim")


def reference(
    *,
    first: First,
    last: Last,
    sample: Annotated[int, typer.Option(min=200, help="The most payments whose inputs are looked at.")] = 20_000,
    as_json: Json = False,
) -> None:
    """Store how inputs, signals and scores were distributed in these days, to measure drift against.

    The workers compare the payments of the last hour with it (metric risco_psi). Make it of days on which all was
    well, and again after a promotion: other thresholds have other signals and scores.
    Without one, the live model's own reference is taken, which has the model's inputs only.

    Example:
      acude risk reference --from 2026-11-01 --to 2026-11-07
    """
    days = _ordered(first, last)
    from acude.payments.versions import Versions  # noqa: PLC0415
    from acude.publishing.publish import session  # noqa: PLC0415 - imports Spark
    from acude.risk_history.reference import reference_of_days  # noqa: PLC0415 - imports Spark
    from acude.settings import settings  # noqa: PLC0415

    with err.status(f"looking at the payments of {days[0]} to {days[1]}"), session() as spark:
        found = reference_of_days(spark, *days, sample)
    place = Versions(settings()).pin(found)
    if as_json:
        print_json({"arquivo": place, "pagamentos": found.pagamentos, "entradas": list(found.entradas)})
        return
    out.print(f"[green]✓[/] {found.pagamentos:,} payments, {len(found.entradas)} inputs: {place}")


def _ordered(first: date, last: date) -> tuple[date, date]:
    require_order(first, last)
    require_days(first, last)
    return first, last

"""``acude risk``."""

import signal
import threading
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from acude.commands import risk_change, risk_history, risk_lists
from acude.commands.days import moment_option
from acude.commands.output import Json, err, out, print_json, print_table
from acude.errors import AcudeError, NothingFoundError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Payments: what was decided, and why.")
app.add_typer(risk_lists.app, name="lists")
app.command()(risk_change.promote)
app.command()(risk_change.rollback)
app.command("versions")(risk_change.list_versions)
app.command()(risk_change.shadow)
app.command()(risk_history.replay)
app.command()(risk_history.train)
app.command()(risk_history.reference)


@app.command()
def why(
    id_transacao: Annotated[str, typer.Argument(help="The payment's id.")],
    *,
    as_json: Json = False,
) -> None:
    """Say what was decided on a payment and why: each reason with its meaning, versions, and what did not answer.

    Exit code 3 where there is no decision.

    Example:
      acude risk why tnnhoegbfchcm-1
    """
    from psycopg import OperationalError  # noqa: PLC0415 - --help does without it
    from psycopg_pool import PoolTimeout  # noqa: PLC0415

    from acude.contracts.documents import as_stored  # noqa: PLC0415
    from acude.payments.audit_log import ACCESS, audit_event, cli_user  # noqa: PLC0415
    from acude.payments.store import Store  # noqa: PLC0415
    from acude.settings import settings  # noqa: PLC0415

    stored = as_stored(settings(), id_transacao)
    store = Store(settings())
    try:
        found = store.decision(stored)
        store.audit(audit_event(ACCESS, cli_user(), stored, por="acude risk why", achada=found is not None))
    except (OperationalError, PoolTimeout) as problem:
        raise AcudeError(
            f"The decisions' database does not answer ({type(problem).__name__}).",
            "Start the platform with `acude up`, or see `acude status`.",
        ) from None
    finally:
        store.close()
    if found is None:
        raise NothingFoundError(
            f"There is no decision on {id_transacao!r}.",
            "Is the id right? What is no payment is in `acude quarantine list`.",
        )
    reasons = [{"codigo": code, "significado": _meaning(code)} for code in found["motivos"]]
    if as_json:
        print_json(found | {"motivos": reasons})
        return
    _print(found, reasons)


def _meaning(code: str) -> str:
    """What a reason code means, as a sentence."""
    from acude.risk.decision import MODEL_PREFIX  # noqa: PLC0415
    from acude.risk.lists import ON_THE_LIST  # noqa: PLC0415
    from acude.risk.signals import all_signals  # noqa: PLC0415

    if code == ON_THE_LIST:
        return "The payer's document is on the external list."
    if code.startswith(MODEL_PREFIX):
        return f"The model's input {code.removeprefix(MODEL_PREFIX).lower()}."
    signal_of = all_signals().get(code.lower())
    return signal_of.meaning if signal_of else "No signal of this version has this code."


def _print(found: dict[str, Any], reasons: list[dict[str, str]]) -> None:
    colour = {"aprovar": "green", "revisar": "yellow", "negar": "red"}[found["decisao"]]
    out.print(f"[bold {colour}]{found['decisao']}[/]  {found['pontuacao']} of 1000")
    out.print(
        f"{found['operacao']} by {found['tipo_pagamento']}, {found['valor']} {found['moeda']}, "
        f"made {found['transacao_em']:%Y-%m-%d %H:%M:%S}, "
        f"decided {found['decidida_em']:%Y-%m-%d %H:%M:%S} within {found['latencia_ms']} ms",
        markup=False,
    )
    made_by = f"rules {found['versao_regras']}, model {found['versao_modelo']}, trace {found['id_rastro']}"
    out.print(made_by, style="dim", markup=False)
    if found["causas"]:
        out.print(f"[yellow]degraded[/]: no answer from {escape(', '.join(found['causas']))}")
    if reasons:
        print_table(("reason", "means"), [(one["codigo"], one["significado"]) for one in reasons])


@app.command()
def simulate(
    *,
    rate: Annotated[float, typer.Option(min=0.01, help="Payments per second.")] = 5.0,
    length: Annotated[str, typer.Option("--duration", help="How long: 60s, 5m, 24h.")] = "60s",
    seed: Annotated[int, typer.Option(help="The same seed and start give the same payments.")] = 7,
    fraud_share: Annotated[float, typer.Option(min=0, max=0.5, help="Share of the payments that are frauds.")] = 0.01,
    labels_after: Annotated[
        str, typer.Option(help="Report each fraud this long after its payment (10m, 7d), at the latest at the end.")
    ] = "",
    start: Annotated[
        datetime | None,
        moment_option("--start", "Begin of the payers' time (UTC), at most 14 days ago; what is past is sent at once."),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Go on until SIGINT or SIGTERM.")] = False,
    as_json: Json = False,
) -> None:
    """Play payers and fraudsters: payments to topic transacoes, by the real clock.

    With --labels-after the frauds come to light on topic contestacoes, as chargebacks do.

    Seven named frauds are woven in, from tried-out cards to mule accounts. Ctrl-C ends it. Exit code 1 where the broker
    is missing or did not take a payment.

    Examples:
      acude risk simulate --rate 20 --duration 5m --fraud-share 0.05
      acude risk simulate --rate 0.01 --start 2026-11-20T00:00:00 --duration 10d --labels-after 1d
      acude risk simulate --live
    """
    from acude.commands.simulate import duration  # noqa: PLC0415 - imports the Kafka client
    from acude.settings import settings  # noqa: PLC0415
    from acude.simulator.payments.play import PlaySummary, play  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def show(sent: PlaySummary) -> None:
        err.print(f"{sum(sent.labels.values()):,} payments", markup=False)

    sent = play(
        settings(),
        rate,
        None if live else duration(length),
        start=start,
        seed=seed,
        fraud_share=fraud_share,
        labels_after=duration(labels_after) if labels_after else None,
        on_progress=show if not live else lambda _: None,
        stop=stop,
    )
    if as_json:
        answer = {"corrida": sent.run, "enviadas": dict(sent.labels), "falhas": sent.failed}
        print_json(answer | {"contestadas": sent.disputes})
    else:
        print_table(("kind", "payments"), [(name, f"{count:,}") for name, count in sorted(sent.labels.items())])
    raise typer.Exit(1 if sent.failed else 0)

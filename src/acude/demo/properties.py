"""Whether the platform's five properties held, by what its servers hold."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.athena.client import run_query
from acude.aws import keys, s3
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.lag import landed_offsets
from acude.reconciliation.report import Report
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.play import Summary

DAG = "vendas_diarias"

Say = Callable[[str], None]

_BATCH_WITHIN_S = 300


@dataclass
class PropertyResult:
    """Whether one property held, and what shows it."""

    property: str
    held: bool
    evidence: str


def day_of(summary: Summary) -> date:
    """The UTC day on which the play's records landed: its name begins with the moment at which it began."""
    return datetime.strptime(summary.run[:8], "%Y%m%d").replace(tzinfo=UTC).date()


def bad_record(summary: Summary) -> PropertyResult:
    """Property 3: each broken record waits in quarantine with its own reason, and the stream went on."""
    run = pa.concat_tables(ledgers.read_run(summary.ledger))
    broken = run.filter((pc.field("tipo") == "malformado") & (pc.field("resposta") == ledgers.CONFIRMED)).to_pylist()
    answer = run_query(
        "SELECT particao, deslocamento, motivo FROM silver.quarentena "  # noqa: S608 - a date of ours
        f"WHERE topico = 'eventos_clientes' AND data >= DATE '{day_of(summary)}'"
    )
    reasons = {(partition, offset): reason for partition, offset, reason in answer.rows}
    wrong = [row for row in broken if reasons.get((row["particao"], row["deslocamento"])) != row["motivo"]]
    kinds = len({row["motivo"] for row in broken})
    evidence = (
        f"{len(broken)} broken records of {kinds} kinds wait in quarantine, {len(wrong)} of them with a wrong reason"
    )
    return PropertyResult("3 A bad record stops nothing", bool(broken) and not wrong, evidence)


def run_day(airflow: AirflowApi, day: date) -> str:
    """Runs the day; the state in which its run ended."""
    return airflow.wait(DAG, airflow.trigger(DAG, {"dia": day.isoformat()})).state.value


def _gold(day: date) -> list[list[Any]]:
    answer = run_query(
        "SELECT regiao, pedidos, quantidade, receita, moeda FROM gold.vendas_por_regiao "  # noqa: S608 - a date of ours
        f"WHERE data = DATE '{day}' ORDER BY regiao"
    )
    return [list(row) for row in answer.rows]


def bad_file(config: Settings, airflow: AirflowApi, day: date, say: Say) -> PropertyResult:
    """Property 4: a truncated file turns the day's run red and leaves gold alone; without it the day is published."""
    place = {"Bucket": config.inbox_bucket, "Key": f"vendas/parceiro/{day}.csv"}
    header = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"
    bucket = s3(config)
    bucket.put_object(**place, Body=f"{header}x1,p1,Vaso,2,{day} 10:00:00,10.00,u1,S".encode())  # type: ignore[arg-type]
    say("A partner's file arrives cut off: the day's run must refuse it")
    before = _gold(day)
    red = run_day(airflow, day)
    kept = _gold(day) == before
    bucket.delete_object(**place)  # type: ignore[arg-type]
    say(f"The run ended {red}; the file is withdrawn, the day runs again")
    green = run_day(airflow, day)
    rows = _gold(day)
    held = red == "failed" and kept and green == "success" and len(rows) > 0
    evidence = f"run with the cut file: {red}, gold unchanged: {kept}; without it: {green}, {len(rows)} regions"
    return PropertyResult("4 Bad data is not published", held, evidence)


def rebuild(config: Settings, airflow: AirflowApi, day: date, say: Say) -> PropertyResult:
    """Property 5: the day again gives the same rows and touches its own files only, while the streams land batches."""
    say("The day is rebuilt while shoppers go on")
    _wait_for_a_batch(config)
    before, version, landed = _gold(day), _versions(config), _landed(config)
    again = run_day(airflow, day)
    same, meanwhile = _gold(day) == before, _landed(config) - landed
    touched = _touched(config, version)
    others = [path for path in touched if f"data={day}/" not in path]
    evidence = (
        f"second run: {again}, same rows: {same}; files touched: {len(touched)}, of other days: {len(others)}; "
        f"landed meanwhile: {meanwhile} records"
    )
    held = again == "success" and same and bool(touched) and not others and meanwhile > 0
    return PropertyResult("5 A day can be rebuilt", held, evidence)


def _wait_for_a_batch(config: Settings) -> None:
    """Until the streams have landed something: the first batch of a driver may take longer than a day of the batch."""
    before = _landed(config)
    retry(
        retry=retry_if_result(lambda landed: landed == before),
        stop=stop_after_delay(_BATCH_WITHIN_S),
        wait=wait_fixed(0.5),
        retry_error_callback=lambda _: before,
    )(_landed)(config)


def _landed(config: Settings) -> int:
    """How many records of all topics the streams' committed batches have reached."""
    return sum(sum(partitions.values()) for partitions in landed_offsets(config).values())


_LOG = "gold/vendas_por_regiao/_delta_log/"


def _versions(config: Settings) -> str:
    """Name of the table's last commit."""
    return max(_commits(config, ""))


def _commits(config: Settings, behind: str) -> list[str]:
    return [key for key in keys(config.lake_bucket, _LOG, config, after=behind) if key.endswith(".json")]


def _touched(config: Settings, behind: str) -> list[str]:
    """Paths that the commits after `behind` added or removed."""
    paths = []
    for key in _commits(config, behind):
        body = s3(config).get_object(Bucket=config.lake_bucket, Key=key)["Body"].read().decode()
        for action in map(json.loads, body.splitlines()):
            paths += [action[kind]["path"] for kind in ("add", "remove") if kind in action]
    return paths


def sets(report: Report) -> PropertyResult:
    """Property 1: nothing lost, nothing twice."""
    checked = max((row.checked for row in report.sets), default=0)
    broken = sum(row.broken for row in report.sets)
    evidence = f"{checked:,} records after a kill -9, {len(report.sets)} rules, broken by {broken}"
    return PropertyResult("1 Nothing lost, nothing twice", bool(report.sets) and broken == 0, evidence)


def money(report: Report) -> PropertyResult:
    """Property 2: the money adds up."""
    wrong = [row for row in report.money if not row.ok]
    places = {place for row in report.money for place in row.sums}
    flows = {row.key.flow for row in report.money}
    evidence = f"{', '.join(sorted(flows))} in {len(places)} places, {len(wrong)} differences"
    return PropertyResult("2 The money adds up", flows >= {"vendas", "loja", "compras"} and not wrong, evidence)

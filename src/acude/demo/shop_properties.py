"""Whether the five properties of the shop's half held, by what the servers hold."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from acude.athena.client import run_query
from acude.aws import s3
from acude.contracts.model import Contract, marts, table
from acude.demo.result import PropertyResult, Say
from acude.demo.waiting import patiently
from acude.inbox.files import FOLDER
from acude.lake.commit import paths_in
from acude.lake.content import content_hash_of
from acude.lake.delta import partition_column, partition_of
from acude.lake.snapshot import snapshot
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.lag import landed_offsets
from acude.reconciliation.report import Report
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.play import Summary

DAG = "vendas_diarias"


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


def bad_file(
    config: Settings, airflow: AirflowApi, day: date, say: Say, wait_until_landed: Callable[[], None]
) -> PropertyResult:
    """Property 4: a truncated file turns the day's run red and leaves gold alone; without it the day is published."""
    place = {"Bucket": config.inbox_bucket, "Key": f"{FOLDER}parceiro/{day}.csv"}
    header = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"
    bucket = s3(config)
    bucket.put_object(**place, Body=f"{header}x1,p1,Vaso,2,{day} 10:00:00,10.00,u1,S".encode())  # type: ignore[arg-type]
    say("A partner's file arrives cut off: the day's run must refuse it")
    before = _gold(day)
    red = run_day(airflow, day)
    kept = _gold(day) == before
    bucket.delete_object(**place)  # type: ignore[arg-type]
    say(f"The run ended {red}; the file is withdrawn")
    wait_until_landed()
    say("The day runs again")
    green = run_day(airflow, day)
    rows = _gold(day)
    held = red == "failed" and kept and green == "success" and len(rows) > 0
    evidence = f"run with the cut file: {red}, gold unchanged: {kept}; without it: {green}, {len(rows)} regions"
    return PropertyResult("4 Bad data is not published", held, evidence)


def rebuild(config: Settings, airflow: AirflowApi, day: date, say: Say) -> PropertyResult:
    """Property 5: the day again gives all marts the same rows in files of its own, while the streams land batches."""
    say("The day is rebuilt while shoppers go on")
    _wait_for_a_batch(config)
    before, landed = _marts(config, day), _landed(config)
    again = run_day(airflow, day)
    after, meanwhile = _marts(config, day), _landed(config) - landed
    changed, touched, others = compared(before, after, day)
    evidence = (
        f"second run: {again}, {len(before)} marts, with other rows: {', '.join(changed) or 'none'}; "
        f"files touched: {touched}, of other days: {len(others)}; landed meanwhile: {meanwhile} records"
    )
    held = again == "success" and not changed and touched > 0 and not others and meanwhile > 0
    return PropertyResult("5 A day can be rebuilt", held, evidence)


class MartState(NamedTuple):
    """What readers see of a mart in one version.

    Attributes:
        hash: of the day's (the month's) rows.
        files: paths of the whole table.
    """

    hash: str
    files: frozenset[str]


class Compared(NamedTuple):
    """Two states of the marts: whose rows differ, how many files came or went, and which of them are of other days."""

    changed: list[str]
    touched: int
    others: list[str]


def compared(before: Mapping[str, MartState], after: Mapping[str, MartState], day: date) -> Compared:
    """What a second run of a day did to the marts, by table.

    Today and yesterday belong to the live shop, whose own runs may make them meanwhile.
    """
    changed = [name for name, one in before.items() if after[name].hash != one.hash]
    touched = [(table(name), path) for name, one in before.items() for path in after[name].files ^ one.files]
    today = datetime.now(UTC).date()
    known = day, today, today - timedelta(days=1)
    others = [path for mart, path in touched if path.split("/")[0] not in {_folder(mart, one) for one in known}]
    return Compared(changed, len(touched), others)


def _marts(config: Settings, day: date) -> dict[str, MartState]:
    found = {one.full_name: snapshot(one, config) for one in marts()}
    return {
        name: MartState(
            content_hash_of(one.rows([partition_of(one.contract, day)]), one.contract),
            frozenset(paths_in(one.table, {})),
        )
        for name, one in found.items()
        if one
    }


def _folder(mart: Contract, day: date) -> str:
    return f"{partition_column(mart)}={partition_of(mart, day)}"


def _wait_for_a_batch(config: Settings) -> None:
    """Until the streams have landed something: the first batch of a driver may take longer than a day of the batch."""
    before = _landed(config)
    patiently(lambda: _landed(config), lambda landed: landed == before)


def _landed(config: Settings) -> int:
    """How many records of all topics the streams' committed batches have reached."""
    return sum(sum(partitions.values()) for partitions in landed_offsets(config).values())


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

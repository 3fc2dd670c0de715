"""A day in the shop, from the first click to Athena's answer, with a kill, a bad file and a rerun on the way.

Each run plays the day after the last one that was played. It checks the platform's five properties by what the servers
hold, not by what it did.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acude.athena.client import run_query
from acude.aws import s3
from acude.errors import AcudeError
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.orchestration.lag import landed_offsets
from acude.reconciliation import compare as reconcile
from acude.reconciliation.report import Report
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.faults import Shares
from acude.simulator.play import Config, Summary, play

FIRST_DAY = date(2026, 1, 5)
EVENTS = 20_000
SHARES = Shares(late=0.02, duplicate=0.02, malformed=0.01, contradictory=0.005)
DAG = "vendas_diarias"
LANDS_WITHIN_S = 300

Say = Callable[[str], None]


@dataclass
class PropertyResult:
    """Whether one property held, and what shows it."""

    property: str
    held: bool
    evidence: str


@dataclass
class DemoResult:
    """What the demo did and found."""

    day: date
    properties: list[PropertyResult] = field(default_factory=list)
    report: Report | None = None
    best_sellers: list[tuple[Any, ...]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Whether all five properties held."""
        return len(self.properties) == 5 and all(one.held for one in self.properties)  # noqa: PLR2004 - 1 to 5


def next_day(config: Settings) -> date:
    """The first day from `FIRST_DAY` on that the shop has not exported to the inbox."""
    prefix = "vendas/loja/"
    pages = s3(config).get_paginator("list_objects_v2").paginate(Bucket=config.inbox_bucket, Prefix=prefix)
    played = {entry["Key"][len(prefix) :][:10] for page in pages for entry in page.get("Contents", [])}
    day = FIRST_DAY
    while day.isoformat() in played:
        day += timedelta(days=1)
    # Today and yesterday belong to the live shop of `acude up`.
    if day >= datetime.now(UTC).date() - timedelta(days=1):
        raise AcudeError("Every day up to yesterday was played.", "Run `acude down`, remove var/, and start again.")
    return day


def run(platform: Platform, say: Say) -> DemoResult:
    """Plays the next day on a platform that is up.

    Args:
        platform: all servers ready.
        say: called with a sentence at each step.
    """
    began, config = time.monotonic(), platform.config
    result = DemoResult(next_day(config))
    say(f"The shop opens: {result.day:%A, %d %B %Y}, {EVENTS:,} events, some late, doubled, broken or contradictory")
    summary = _play_with_a_kill(platform, result.day, say)
    if not summary.sent or summary.answers.get(("eventos_clientes", "valido", ledgers.CONFIRMED), 0) == 0:
        raise AcudeError("The broker accepted none of the shop's events.", "Look at `acude logs kafka`.")
    _wait_until_landed(config, summary, say)
    with _live_traffic(config), AirflowApi(config) as airflow:
        result.properties.append(_bad_record(summary))
        result.properties.append(_bad_file(config, airflow, result.day, say))
        result.properties.append(_rebuild(config, airflow, result.day, say))
    say("Comparing ledger, inbox, silver, gold, warehouse and Athena to the cent")
    today = datetime.now(UTC).date()
    sales = reconcile.run(result.day, result.day, config, events=True, wait=timedelta(seconds=20))
    landed = reconcile.run(min(today, _day_of(summary)), today, config, events=True, wait=timedelta(seconds=40))
    result.report = Report(result.day, today, sales.money, landed.sets)
    result.properties[:0] = [_sets(landed), _money(sales)]
    answer = run_query(
        "SELECT posicao, id_produto, quantidade, receita, moeda FROM gold.mais_vendidos "  # noqa: S608 - a date of ours
        f"WHERE data = DATE '{result.day}' ORDER BY posicao LIMIT 5"
    )
    result.best_sellers = [tuple(row) for row in answer.rows]
    result.seconds = time.monotonic() - began
    return result


def _day_of(summary: Summary) -> date:
    """The UTC day on which the play's records landed: its name begins with the moment at which it began."""
    return datetime.strptime(summary.run[:8], "%Y%m%d").replace(tzinfo=UTC).date()


def _play_with_a_kill(platform: Platform, day: date, say: Say) -> Summary:
    start = datetime.combine(day, clock(), UTC)
    config = Config(rate=EVENTS / 86_400, duration=timedelta(days=1), seed=day.toordinal(), shares=SHARES, start=start)
    killed = threading.Event()

    def on_progress(progress: Any) -> None:  # noqa: ANN401 - the simulator's own
        if progress.sent > EVENTS / 2 and not killed.is_set():
            killed.set()
            pid = platform.pid("streams")
            if pid:
                say("kill -9 of the streams' driver, in the middle of the day")
                os.kill(pid, signal.SIGKILL)

    summary = play(config, on_progress, platform=platform.config)
    if not killed.is_set():
        raise AcudeError("The day was too short for the kill.", "Look at the ledger of the run.")
    return summary


def _wait_until_landed(config: Settings, summary: Summary, say: Say) -> None:
    """Until the streams have committed every coordinate that the broker acknowledged."""
    say("Waiting for the streams to come back and catch up")
    wanted = pa.concat_tables(ledgers.read_run(summary.ledger)).filter(
        (pc.field("resposta") == ledgers.CONFIRMED) & pc.is_valid(pc.field("topico"))
    )
    last = wanted.group_by(["topico", "particao"]).aggregate([("deslocamento", "max")]).to_pylist()
    deadline = time.monotonic() + LANDS_WITHIN_S
    while time.monotonic() < deadline:
        landed = landed_offsets(config)
        if all(landed.get(row["topico"], {}).get(str(row["particao"]), 0) > row["deslocamento_max"] for row in last):
            return
        time.sleep(1)
    raise AcudeError(
        f"The day's events did not reach silver within {LANDS_WITHIN_S} s.", "Look at `acude logs streams`."
    )


@contextmanager
def _live_traffic(config: Settings) -> Iterator[None]:
    """Shoppers on the real clock meanwhile: a rebuild must not need a quiet platform."""
    stop = threading.Event()
    thread = threading.Thread(
        target=play, args=(Config(rate=50, duration=None, seed=1),), kwargs={"stop": stop, "platform": config}
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _bad_record(summary: Summary) -> PropertyResult:
    """Property 3: each broken record waits in quarantine with its own reason, and the stream went on."""
    run = pa.concat_tables(ledgers.read_run(summary.ledger))
    broken = run.filter((pc.field("tipo") == "malformado") & (pc.field("resposta") == ledgers.CONFIRMED)).to_pylist()
    answer = run_query(
        "SELECT particao, deslocamento, motivo FROM silver.quarentena "  # noqa: S608 - a date of ours
        f"WHERE topico = 'eventos_clientes' AND data >= DATE '{_day_of(summary)}'"
    )
    reasons = {(partition, offset): reason for partition, offset, reason in answer.rows}
    wrong = [row for row in broken if reasons.get((row["particao"], row["deslocamento"])) != row["motivo"]]
    kinds = len({row["motivo"] for row in broken})
    evidence = (
        f"{len(broken)} broken records of {kinds} kinds wait in quarantine, {len(wrong)} of them with a wrong reason"
    )
    return PropertyResult("3 A bad record stops nothing", bool(broken) and not wrong, evidence)


def _run(airflow: AirflowApi, day: date) -> str:
    """Runs the day; the state in which its run ended."""
    return airflow.wait(DAG, airflow.trigger(DAG, {"dia": day.isoformat()})).state.value


def _gold(day: date) -> list[list[Any]]:
    answer = run_query(
        "SELECT regiao, pedidos, quantidade, receita, moeda FROM gold.vendas_por_regiao "  # noqa: S608 - a date of ours
        f"WHERE data = DATE '{day}' ORDER BY regiao"
    )
    return [list(row) for row in answer.rows]


def _bad_file(config: Settings, airflow: AirflowApi, day: date, say: Say) -> PropertyResult:
    """Property 4: a truncated file turns the day's run red and leaves gold alone; without it the day is published."""
    place = {"Bucket": config.inbox_bucket, "Key": f"vendas/parceiro/{day}.csv"}
    header = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"
    bucket = s3(config)
    bucket.put_object(**place, Body=f"{header}x1,p1,Vaso,2,{day} 10:00:00,10.00,u1,S".encode())  # type: ignore[arg-type]
    say("A partner's file arrives cut off: the day's run must refuse it")
    before = _gold(day)
    red = _run(airflow, day)
    kept = _gold(day) == before
    bucket.delete_object(**place)  # type: ignore[arg-type]
    say(f"The run ended {red}; the file is withdrawn, the day runs again")
    green = _run(airflow, day)
    rows = _gold(day)
    held = red == "failed" and kept and green == "success" and len(rows) > 0
    evidence = f"run with the cut file: {red}, gold unchanged: {kept}; without it: {green}, {len(rows)} regions"
    return PropertyResult("4 Bad data is not published", held, evidence)


def _rebuild(config: Settings, airflow: AirflowApi, day: date, say: Say) -> PropertyResult:
    """Property 5: the day again gives the same rows, and Delta's log names that day's files only."""
    say("The day is rebuilt while shoppers go on")
    before, version = _gold(day), _versions(config)
    again = _run(airflow, day)
    same = _gold(day) == before
    touched = _touched(config, version)
    others = [path for path in touched if f"data={day}/" not in path]
    evidence = f"second run: {again}, same rows: {same}; files touched: {len(touched)}, of other days: {len(others)}"
    return PropertyResult(
        "5 A day can be rebuilt", again == "success" and same and bool(touched) and not others, evidence
    )


_LOG = "gold/vendas_por_regiao/_delta_log/"


def _versions(config: Settings) -> str:
    """Name of the table's last commit."""
    return max(_commits(config, ""))


def _commits(config: Settings, behind: str) -> list[str]:
    pages = (
        s3(config).get_paginator("list_objects_v2").paginate(Bucket=config.lake_bucket, Prefix=_LOG, StartAfter=behind)
    )
    return [e["Key"] for page in pages for e in page.get("Contents", []) if e["Key"].endswith(".json")]


def _touched(config: Settings, behind: str) -> list[str]:
    """Paths that the commits after `behind` added or removed."""
    paths = []
    for key in _commits(config, behind):
        body = s3(config).get_object(Bucket=config.lake_bucket, Key=key)["Body"].read().decode()
        for action in map(json.loads, body.splitlines()):
            paths += [action[kind]["path"] for kind in ("add", "remove") if kind in action]
    return paths


def _sets(report: Report) -> PropertyResult:
    """Property 1: nothing lost, nothing twice."""
    checked = max((row.checked for row in report.sets), default=0)
    broken = sum(row.broken for row in report.sets)
    evidence = f"{checked:,} records after a kill -9, {len(report.sets)} rules, broken by {broken}"
    return PropertyResult("1 Nothing lost, nothing twice", bool(report.sets) and broken == 0, evidence)


def _money(report: Report) -> PropertyResult:
    """Property 2: the money adds up."""
    wrong = [row for row in report.money if not row.ok]
    places = {place for row in report.money for place in row.sums}
    flows = {row.key.flow for row in report.money}
    evidence = f"{', '.join(sorted(flows))} in {len(places)} places, {len(wrong)} differences"
    return PropertyResult("2 The money adds up", flows >= {"vendas", "loja", "compras"} and not wrong, evidence)

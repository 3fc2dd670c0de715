"""The shop's half: a day from the first click to Athena's answer, with a kill, a bad file and a rerun on the way.

Each run plays the day after the last one that was played. It checks the platform's five properties by what the servers
hold, not by what it did.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from acude.athena.client import run_query
from acude.aws import keys
from acude.days import midnight
from acude.demo import shop_properties as properties
from acude.demo.result import Say, ShopResult
from acude.demo.waiting import wait_until_landed
from acude.errors import AcudeError
from acude.inbox.files import FOLDER, SHOP
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from acude.reconciliation import compare as reconcile
from acude.reconciliation.report import Report
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.faults import Shares
from acude.simulator.play import Config, Summary, play

FIRST_DAY = date(2026, 1, 5)
EVENTS = 20_000
SHARES = Shares(late=0.02, duplicate=0.02, malformed=0.01, contradictory=0.005)


def next_day(config: Settings) -> date:
    """The first day from `FIRST_DAY` on that the shop has not exported to the inbox."""
    prefix = f"{FOLDER}{SHOP}/"
    played = {key[len(prefix) :][:10] for key in keys(config.inbox_bucket, prefix, config)}
    day = FIRST_DAY
    while day.isoformat() in played:
        day += timedelta(days=1)
    # Today and yesterday belong to the live shop of `acude up`.
    if day >= datetime.now(UTC).date() - timedelta(days=1):
        raise AcudeError("Every day up to yesterday was played.", "Run `acude down`, remove var/, and start again.")
    return day


def run(platform: Platform, say: Say) -> ShopResult:
    """Plays the next day on a platform that is up.

    Args:
        platform: all servers ready.
        say: called with a sentence at each step.
    """
    config = platform.config
    result = ShopResult(next_day(config))
    say(f"The shop opens: {result.day:%A, %d %B %Y}, {EVENTS:,} events, some late, doubled, broken or contradictory")
    summary = _play_with_a_kill(platform, result.day, say)
    if not summary.sent or summary.answers.get(("eventos_clientes", "valido", ledgers.CONFIRMED), 0) == 0:
        raise AcudeError("The broker accepted none of the shop's events.", "Look at `acude logs kafka`.")
    with AirflowApi(config) as airflow:
        # The run that fails does so while the streams come back; the next one makes the events' marts, and needs all.
        bad_file = properties.bad_file(
            config, airflow, result.day, say, lambda: wait_until_landed(config, summary.ledger, say)
        )
        result.properties += [properties.bad_record(summary), bad_file]
        with live_traffic(config):
            result.properties.append(properties.rebuild(config, airflow, result.day, say))
    say("Comparing ledger, inbox, silver, gold, warehouse and Athena to the cent")
    today = datetime.now(UTC).date()
    sales = reconcile.run(result.day, result.day, config, events=True, wait=timedelta(seconds=20))
    landed = reconcile.run(
        min(today, properties.day_of(summary)), today, config, events=True, wait=timedelta(seconds=40)
    )
    result.report = Report(result.day, today, sales.money, landed.sets)
    result.properties[:0] = [properties.sets(landed), properties.money(sales)]
    answer = run_query(
        "SELECT posicao, id_produto, quantidade, receita, moeda FROM gold.mais_vendidos "  # noqa: S608 - a date of ours
        f"WHERE data = DATE '{result.day}' ORDER BY posicao LIMIT 5"
    )
    result.best_sellers = [tuple(row) for row in answer.rows]
    return result


def _play_with_a_kill(platform: Platform, day: date, say: Say) -> Summary:
    start = midnight(day)
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


@contextmanager
def live_traffic(config: Settings) -> Iterator[None]:
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

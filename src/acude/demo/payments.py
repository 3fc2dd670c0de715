"""The payments' half: 13 days with known frauds, a model that learns from them in the lake, and decides.

Each run plays the 13 days before now, so that a payment's time lies within its contract's bounds.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from acude.demo.payments_properties import decided_by_the_model, model_from_the_lake, one_decision
from acude.demo.result import PaymentsResult, Say
from acude.demo.waiting import patiently, wait_until_landed
from acude.errors import AcudeError
from acude.local.platform import Platform
from acude.local.servers import risk
from acude.orchestration.airflow_api import AirflowApi
from acude.settings import Settings
from acude.simulator.payments.play import play

DAYS: Final = 13
PAYMENTS: Final = 8_000
FRAUD_SHARE: Final = 0.05
LABELS_AFTER: Final = timedelta(days=1)
LIVE: Final = timedelta(seconds=20)
LIVE_RATE: Final = 10.0
LIVE_FRAUDS: Final = 0.3


def run(platform: Platform, say: Say) -> PaymentsResult:
    """Plays the payments on a platform that is up.

    Args:
        platform: the workers, the streams and Airflow ready.
        say: called with a sentence at each step.
    """
    config, result = platform.config, PaymentsResult()
    begin = datetime.now(UTC) - timedelta(days=DAYS)
    say(f"{DAYS} days of payments: {PAYMENTS:,}, {FRAUD_SHARE:.0%} of them frauds, which come to light a day later")
    past = play(
        config,
        PAYMENTS / timedelta(days=DAYS).total_seconds(),
        timedelta(days=DAYS),
        start=begin,
        fraud_share=FRAUD_SHARE,
        labels_after=LABELS_AFTER,
    )
    if past.failed:
        raise AcudeError(f"The broker did not take {past.failed:,} payments.", "Look at `acude logs kafka`.")
    wait_until_landed(config, past.ledger, say)
    say("Waiting until each payment is decided, in the lake and in the database")
    result.properties.append(one_decision(config, begin.date(), past))
    with AirflowApi(config) as airflow:
        result.model, learnt = model_from_the_lake(config, airflow, DAYS, say)
    result.properties.append(learnt)
    wait_until_workers_have(config, result.model, say)
    say(f"Model {result.model} decides: {LIVE.seconds} s of payments by the real clock")
    now = play(config, LIVE_RATE, LIVE, seed=8, fraud_share=LIVE_FRAUDS)
    wait_until_landed(config, now.ledger, say)
    result.properties.append(decided_by_the_model(result, now))
    return result


def wait_until_workers_have(config: Settings, model: str, say: Say) -> None:
    """Until every worker says that it decides with this model.

    Raises:
        AcudeError: one doesn't within five minutes.
    """
    say("Waiting until the workers have loaded it")
    addresses = [str(one.address) for one in (risk.worker(config), *risk.own_workers(config))]
    if patiently(lambda: [one for one in addresses if not _decides_with(one, model)], bool):
        raise AcudeError(f"The workers do not decide with model {model}.", "Look at `acude logs risk-worker`.")


def _decides_with(address: str, model: str) -> bool:
    versions = (line for line in httpx.get(address).text.splitlines() if line.startswith("risco_versao{"))
    return any(f'modelo="{model}"' in one and 'papel="viva"' in one for one in versions)

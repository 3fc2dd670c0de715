"""How fast payments are decided: `python -m benchmarks.risk`, into var/bench/risk.json.

An open model: payments are due at fixed moments, whether the ones before are decided or not, and a payment's time
runs from the moment it was due until its decision can be read, committed. So a queue counts, and so does a producer
that falls behind. Payers are so many that each pays as often as a real one.
"""

import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import orjson
import psutil
from kafka import KafkaConsumer, KafkaProducer

from acude.kafka import brokers
from acude.local.platform import Platform
from acude.payments.serde import DECISIONS, TOPIC
from acude.settings import Settings
from acude.simulator.blacklist import Mode
from acude.simulator.payments import Labelled, payments
from benchmarks.bottleneck import each, watched
from benchmarks.everything_on import everything_on

RATE = 300
WARM_S, SECONDS = 20, 60
MANY = 100_000
SUSTAINED_S = 20
MOST_LATE_S = 2.0
PATIENCE_S = 120
PERCENTILES = {"p50_ms": 50, "p99_ms": 99, "p999_ms": 99.9}


@dataclass
class Seen:
    """When each decision could be read, monotonic seconds, by payment; and what it says of itself."""

    config: Settings
    at: dict[str, float] = field(default_factory=dict)
    twice: int = 0
    degraded: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    ready: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        """Reads committed decisions until it is stopped."""
        options = {"isolation_level": "read_committed", "auto_offset_reset": "latest", "fetch_max_wait_ms": 50}
        with closing(KafkaConsumer(DECISIONS, **brokers.kafka_python(self.config), **options)) as consumer:
            consumer.poll(timeout_ms=1000)
            for partition in consumer.assignment():
                consumer.position(partition)
            self.ready.set()
            while not self.done.is_set():
                for records in consumer.poll(timeout_ms=50).values():
                    now = time.monotonic()
                    for record in records:
                        row = orjson.loads(record.value)
                        self.twice += row["id_transacao"] in self.at
                        self.degraded += row["degradado"]
                        self.causes.update(row["causas"])
                        self.at.setdefault(row["id_transacao"], now)


def some_payments(number: int, rate: float) -> Sequence[Labelled]:
    """Payments as they are made now, at their natural rhythm a payer."""
    span = timedelta(seconds=number / rate)
    stream = payments(seed=time.time_ns(), start=datetime.now(UTC), duration=span, rate=rate, payers=200_000)
    return list(itertools.islice(stream, number))


def send(config: Settings, sent: Sequence[Labelled], rate: float) -> dict[str, float]:
    """Sends each payment when it is due; returns when that was, by payment."""
    producer = KafkaProducer(**brokers.kafka_python(config), acks="all", linger_ms=0)
    begin, due = time.monotonic() + 0.1, {}
    for number, one in enumerate(sent):
        moment = begin + number / rate
        if (early := moment - time.monotonic()) > 0:
            time.sleep(early)
        producer.send(TOPIC, one.value, one.key)
        due[one.payment.id_transacao] = moment
    producer.flush()
    producer.close()
    return due


def measure(platform: Platform, rate: float, seconds: float, warm_s: float = 0) -> dict[str, Any]:
    """Latencies at one rate, and what they cost; `load` is the machine's load average beside them."""
    config = platform.config
    seen = Seen(config)
    follower = threading.Thread(target=seen.follow)
    follower.start()
    seen.ready.wait()
    if warm_s:
        send(config, some_payments(int(rate * warm_s), rate), rate)
    sent = some_payments(int(rate * seconds), rate)
    with watched(platform) as work:
        due = send(config, sent, rate)
        end = time.monotonic() + 30
        while time.monotonic() < end and not due.keys() <= seen.at.keys():
            time.sleep(0.1)
    seen.done.set()
    follower.join()
    waited = np.array([seen.at.get(one, np.inf) - moment for one, moment in due.items()])
    return {
        "rate": rate,
        "payments": len(due),
        **{name: round(float(np.percentile(waited, share)) * 1000, 1) for name, share in PERCENTILES.items()},
        "max_ms": round(float(waited.max()) * 1000, 1),
        "late_share": float((waited > MOST_LATE_S).mean()),
        "twice": seen.twice,
        "degraded": seen.degraded,
        "causes": dict(seen.causes),
        "load": round(os.getloadavg()[0], 1),
        "cpu_ms_each": each(work.pop("cpu_s"), len(due)),
        **work,
    }


def sustained(platform: Platform) -> dict[str, Any]:
    """A backlog, and how fast one worker works it off, with the CPU that it takes for it."""
    config = platform.config
    sent = some_payments(RATE * SUSTAINED_S * 2, RATE)
    platform.stop("risk-worker")
    producer = KafkaProducer(**brokers.kafka_python(config), acks="all", linger_ms=20)
    for one in sent:
        producer.send(TOPIC, one.value, one.key)
    producer.flush()
    seen = Seen(config)
    follower = threading.Thread(target=seen.follow)
    follower.start()
    seen.ready.wait()
    platform.start("risk-worker")
    worker = psutil.Process(platform.pid("risk-worker"))
    wanted = {one.payment.id_transacao for one in sent}
    while not seen.at:
        time.sleep(0.05)
    with watched(platform) as work:
        cpu, began, first = sum(worker.cpu_times()[:2]), time.monotonic(), len(seen.at)
        while not wanted <= seen.at.keys() and time.monotonic() - began < PATIENCE_S:
            time.sleep(0.05)
        took, used, decided = time.monotonic() - began, sum(worker.cpu_times()[:2]) - cpu, len(seen.at) - first
    seen.done.set()
    follower.join()
    return {
        "decisions_per_s": round(decided / took),
        "decisions_per_s_per_core": round(decided / used),
        "worker_mib": round(worker.memory_full_info().pss / 2**20),
        "cpu_ms_each": each(work.pop("cpu_s"), decided),
        **work,
    }


def report(title: str, found: dict[str, Any]) -> None:
    """A line for people."""
    shown = (f"{name} {_shown(value)}" for name, value in found.items() if not isinstance(value, dict))
    print(f"{title}: {', '.join(shown)}", flush=True)
    if cpu := found.get("cpu_ms_each"):
        print(f"  CPU a payment, ms: {', '.join(f'{name} {used}' for name, used in cpu.items())}", flush=True)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def figures(platform: Platform) -> dict[str, Any]:
    """All figures, one after another."""
    config = platform.config
    found = measure(platform, RATE, MANY / RATE, WARM_S)
    report(f"at {RATE}/s", found)
    found |= sustained(platform)
    shown = ("decisions_per_s", "decisions_per_s_per_core", "worker_mib", "bottleneck", "cpu_ms_each")
    report("a backlog", {name: found[name] for name in shown})
    url = f"http://127.0.0.1:{config.blacklist_port}/modo"
    httpx.put(url, json={"modo": Mode.SLOW}).raise_for_status()
    found["blacklist_slow"] = measure(platform, RATE, SECONDS)
    httpx.put(url, json={"modo": Mode.UP}).raise_for_status()
    report("list slow", found["blacklist_slow"])
    platform.stop("valkey")
    found["valkey_down"] = measure(platform, RATE, SECONDS)
    platform.start("valkey")
    report("Valkey down", found["valkey_down"])
    return found


def main() -> None:
    """Takes the figures with all signals, a model that decides, and filled lists."""
    platform = Platform()
    names = ["risk-worker", "risk-recorder", "risk-notifier"]
    attached = platform.is_running()
    platform.up(names)
    with everything_on(platform.config) as deciding:
        found = {**deciding, **figures(platform)}
    folder = platform.config.var / "bench"
    folder.mkdir(exist_ok=True)
    (folder / "risk.json").write_text(json.dumps(found, indent=2) + "\n")
    if not attached:
        platform.down()


if __name__ == "__main__":
    main()

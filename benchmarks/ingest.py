"""Events a second from Kafka to bronze and silver, beside a plain loop; and the time from event to silver.

Usage: python -m benchmarks.ingest [--events N] [--rate R] [--seconds S]

The load: eventos_clientes and atualizacoes_estoque mixed 9 to 1, ids of their own, no faults; a bucket and topics of
the benchmark's own. The plain loop (librdkafka, polars, delta-rs) keeps no offsets with its data: a kill loses or
repeats. It is what a user could pick instead.
"""

import json
import os
import platform as machine
import random
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from confluent_kafka import Consumer, Producer, TopicPartition
from deltalake import DeltaTable, write_deltalake

from acude.aws import s3
from acude.kafka import brokers
from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.settings import PROJECT, Settings, settings
from benchmarks.cpu import machine_seconds

TOPICS = ("eventos_clientes", "atualizacoes_estoque")
WARM_UP = 4
"""Micro-batches of 300,000 during which the JVM still compiles its hot paths."""

_STOCK = 9
"""One event in ten, this one, is a stock update."""


def payload(rng: random.Random, number: int, moment: str) -> tuple[str, bytes, bytes]:
    """Topic, key and value of one event."""
    event: dict[str, Any]
    key = f"u{rng.randrange(100_000)}"
    event_id = str(uuid.UUID(int=rng.getrandbits(128)))
    if number % 10 == _STOCK:
        event = {"id_armazem": "a1", "id_produto": f"p{rng.randrange(200)}", "nivel_estoque": rng.randrange(1000)}
        return TOPICS[1], b"a1", json.dumps(event | {"timestamp": moment, "id_evento": event_id}).encode()
    event = {"id_usuario": key, "tipo_evento": "visualizacao", "id_produto": f"p{rng.randrange(200)}"}
    event |= {"timestamp": moment, "id_evento": event_id}
    if number % 10 == 0:
        event |= {"tipo_evento": "compra", "id_pedido": event_id, "quantidade": 2, "preco": 12.34, "moeda": "BRL"}
    return TOPICS[0], key.encode(), json.dumps(event).encode()


def now() -> str:
    """The moment as the events write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def produce(config: Settings, events: int) -> None:
    """Fills the topics as fast as it goes."""
    producer = Producer({**brokers.librdkafka(config), "linger.ms": 20, "compression.type": "lz4"})
    rng, moment = random.Random(7), now()  # noqa: S311 - a load, no secret
    for number in range(events):
        topic, key, value = payload(rng, number, moment)
        while True:
            try:
                producer.produce(topic, value, key)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()


def ends(config: Settings) -> list[TopicPartition]:
    """Where the topics end: what is produced next begins there. What lies before may be broken, as a demo leaves it."""
    with _consumer(config) as consumer:
        places = [
            TopicPartition(topic, number)
            for topic in TOPICS
            for number in consumer.list_topics(topic, 10).topics[topic].partitions
        ]
        return [TopicPartition(p.topic, p.partition, consumer.get_watermark_offsets(p, 10)[1]) for p in places]


def _consumer(config: Settings) -> Consumer:
    return Consumer({**brokers.librdkafka(config), "group.id": str(uuid.uuid4())})


def plain_loop(
    config: Settings, begin: list[TopicPartition], events: int, folder: str, options: dict[str, str]
) -> dict[str, float]:
    """A consumer that writes raw and typed rows with delta-rs, a batch after the other."""
    consumer = _consumer(config)
    consumer.assign(begin)
    done, began, cpu = 0, 0.0, time.process_time()
    while done < events:
        messages = consumer.consume(50_000, timeout=5)
        began = began or time.monotonic()
        raw = pl.DataFrame({"topico": [m.topic() for m in messages], "valor": [m.value() for m in messages]})
        write_deltalake(f"{folder}/raw", raw.to_arrow(), mode="append", storage_options=options)
        for topic in TOPICS:
            lines = raw.filter(pl.col("topico") == topic)["valor"].to_list()
            if lines:
                typed = pl.read_ndjson(b"\n".join(lines), infer_schema_length=200)
                write_deltalake(f"{folder}/{topic}", typed.to_arrow(), mode="append", storage_options=options)
        done += len(messages)
    consumer.close()
    return {
        "events_per_second": done / (time.monotonic() - began),
        "cpu_s_per_million": (time.process_time() - cpu) / done * 1e6,
    }


def progress_of(log: Path) -> list[dict[str, Any]]:
    """The micro-batches that the driver reported."""
    return [json.loads(line[8:]) for line in log.read_text().splitlines() if line.startswith("PROGRESS")]


def driver(environment: dict[str, str], log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The real ingest query in a process of its own."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ingest_driver", *arguments], env=environment, stdout=out, stderr=out
        )


def sustained(environment: dict[str, str], var: Path) -> dict[str, float]:
    """Lands all that is in the topics; the first batches warm the JVM up, the last isn't full: they do not count."""
    log = var / "bench-ingest.log"
    if driver(environment, log).wait():
        raise SystemExit(f"The driver failed; see {log}")
    batches = [batch for batch in progress_of(log) if batch["rows"]]
    warm = batches[WARM_UP:-1] or batches
    before = batches[batches.index(warm[0]) - 1]["cpu_s"] if warm[0] in batches[1:] else 0.0
    return {
        "cpu_s_per_million": (warm[-1]["cpu_s"] - before) / sum(b["rows"] for b in warm) * 1e6,
        "events_per_second": sum(b["rows"] for b in warm) / sum(b["ms"] for b in warm) * 1000,
        "events_per_second_with_cold_start": sum(b["rows"] for b in batches) / sum(b["ms"] for b in batches) * 1000,
        "batches": len(batches),
    }


def latency(
    config: Settings, environment: dict[str, str], options: dict[str, str], rate: int, seconds: int
) -> dict[str, float]:
    """Time from event to readable in silver at a steady rate: each new version of the table is read as it appears."""
    log = config.var / "bench-latency.log"
    running = driver(environment, log, "--forever")
    path = f"s3://{config.lake_bucket}/silver/{TOPICS[0]}"
    while not any(batch["rows"] for batch in progress_of(log)):
        produce(config, 1000)
        time.sleep(2)
    stop = threading.Event()
    thread = threading.Thread(target=_steady, args=(config, rate, stop))
    thread.start()
    cpu = machine_seconds()
    table, seen, delays = DeltaTable(path, storage_options=options), -1, []
    table.update_incremental()
    seen, began = table.version(), time.monotonic()
    while time.monotonic() - began < seconds:
        table.update_incremental()
        if table.version() > seen:
            readable = datetime.now(UTC)
            actions = pl.DataFrame(table.get_add_actions(flatten=True))
            fresh = actions.sort("modification_time").tail(2 * (table.version() - seen))["path"].to_list()
            if time.monotonic() - began > seconds / 3:
                delays += _delays(fresh, readable, options, path)
            seen = table.version()
        time.sleep(0.1)
    stop.set()
    thread.join()
    cpu = machine_seconds() - cpu
    running.terminate()
    running.wait()
    series = pl.Series(delays)
    return {
        "p50_s": float(series.quantile(0.5) or 0), "p95_s": float(series.quantile(0.95) or 0), "events": len(delays),
        "rate": rate, "cpu_s": cpu, "seconds": seconds,
    }  # fmt: skip


def _delays(paths: list[str], readable: datetime, options: dict[str, str], root: str) -> list[float]:
    frames = [pl.read_parquet(f"{root}/{path}", columns=["timestamp"], storage_options=options) for path in paths]
    moments = pl.concat(frames)["timestamp"].dt.replace_time_zone("UTC")
    return ((pl.Series([readable]) - moments).dt.total_microseconds() / 1e6).to_list()


def _steady(config: Settings, rate: int, stop: threading.Event) -> None:
    producer = Producer({**brokers.librdkafka(config), "linger.ms": 20})
    rng, number, began = random.Random(11), 0, time.monotonic()  # noqa: S311 - a load, no secret
    while not stop.is_set():
        due = int((time.monotonic() - began) * rate)
        moment = now()
        for _ in range(due - number):
            topic, key, value = payload(rng, number, moment)
            producer.produce(topic, value, key)
            number += 1
        producer.poll(0)
        time.sleep(0.02)
    producer.flush()


def main(
    events: Annotated[int, typer.Option(help="Events of the throughput part.")] = 4_000_000,
    rate: Annotated[int, typer.Option(help="Events a second of the latency part.")] = 5_000,
    seconds: Annotated[int, typer.Option(help="Length of the latency part, a third of it warm-up.")] = 120,
) -> None:
    """Prints the figures with units and writes var/bench/ingest.json."""
    servers = Platform()
    attached = servers.is_running()
    servers.up(["kafka", "s3"])
    config = settings().model_copy(update={"lake_bucket": f"bench-{uuid.uuid4().hex[:8]}"})
    s3(config).create_bucket(Bucket=config.lake_bucket)
    ensure_topics(config)
    environment = os.environ | {"ACUDE_LAKE_BUCKET": config.lake_bucket}
    access, secret = config.s3_access_key, config.s3_secret_key
    options = {
        "AWS_ENDPOINT_URL": config.s3_endpoint or "", "AWS_ALLOW_HTTP": "true", "AWS_REGION": config.aws_region,
        "AWS_ACCESS_KEY_ID": access.get_secret_value() if access else "",
        "AWS_SECRET_ACCESS_KEY": secret.get_secret_value() if secret else "",
    }  # fmt: skip
    begin = ends(config)
    produce(config, events)
    result: dict[str, Any] = {"machine": f"{os.cpu_count()} cores, {machine.platform()}", "events": events}
    result["ingest"] = sustained(environment, config.var)
    result["plain_loop"] = plain_loop(config, begin, events, f"s3://{config.lake_bucket}/plain", options)
    result["latency"] = latency(config, environment, options, rate, seconds)
    folder = PROJECT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    ratio = result["ingest"]["events_per_second"] / result["plain_loop"]["events_per_second"]
    result["beside_the_plain_loop"] = ratio
    (folder / "ingest.json").write_text(json.dumps(result, indent=2))
    for name, part in (
        ("ingest", result["ingest"]),
        ("plain librdkafka + polars + delta-rs loop", result["plain_loop"]),
    ):
        print(f"{name}: {part['events_per_second']:,.0f} events/s, {part['cpu_s_per_million']:.1f} CPU-s a million")
    print(f"ingest beside the plain loop: {ratio:.2f} (aim 0.7, floor 0.5)")
    delay = result["latency"]
    print(
        f"event to silver at {rate:,} events/s: p50 {delay['p50_s']:.1f} s, p95 {delay['p95_s']:.1f} s, "
        f"{delay['cpu_s'] / seconds:.2f} cores of the whole machine"
    )
    if not attached:
        servers.down()


if __name__ == "__main__":
    typer.run(main)

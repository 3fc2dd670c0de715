"""The index of known ids with a window of 300 million: memory, restart, a batch; beside ids that are all in memory.

Usage: python -m benchmarks.dedup [--millions N] [--plain N]

The ids are made, not sent: they go through the index of `ingest`'s driver batch by batch, into runs on the local S3.
Each measurement has a process of its own. The restart reads what was saved, and from silver what came after it.
"""

import json
import os
import resource
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
import psutil
import pyarrow as pa
import typer

from acude.aws import s3
from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract, load, topics
from acude.ingestion.checkpoint import Life
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import day_number, stamp_number
from acude.ingestion.recent_ids import Arrivals, Longs
from acude.ingestion.saved_ids import KnownIds
from acude.lake.commit import BatchWriter, append_once
from acude.lake.data_files import write_rows
from acude.lake.ensure_table import ensure_table
from acude.local.platform import Platform
from acude.settings import settings

BATCH = 300_000
DAYS = 7
LAST = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)
NEXT = LAST + timedelta(minutes=30)
TABLE = "silver.eventos_clientes"

app = typer.Typer()


def life(landed: datetime) -> Life:
    """The checkpoint's life, with a batch that landed then."""
    return Life(id="bench", inicio="{}", lote=1, ingerido_em=landed)


def stamp(number: int, batches: int) -> datetime:
    """When a batch lands: they are spread over the days evenly."""
    return LAST - timedelta(days=DAYS) * ((batches - 1 - number) / batches)


def batch(number: int, landed: datetime) -> Arrivals:
    """The ids of a batch, always the same ones."""
    ids = np.random.default_rng(number).integers(-(2**63), 2**63, BATCH, dtype=np.int64)
    places = np.arange(BATCH, dtype=np.int64) + number * BATCH
    return Arrivals(ids, ids, places, np.full(BATCH, day_number(landed) + DAYS, np.int32))


def seconds(index: DedupIndex, rows: Arrivals) -> float:
    """How long a batch is judged."""
    began = time.monotonic()
    index.find_duplicates(rows, np.zeros(len(rows), np.int64), stamp_number(NEXT))
    return time.monotonic() - began


def repeats(share: float, batches: int) -> Arrivals:
    """A batch with this share of repeats, of all days evenly; the others are new."""
    new, rng = batch(10**6 + int(share * 100), NEXT), np.random.default_rng(1)
    known: Longs = np.concatenate(
        [batch(n, NEXT).ids[:: batches // 10] for n in range(0, batches, max(batches // 100, 1))]
    )
    some = rng.permutation(known)[: int(share * BATCH)]
    new.ids[: len(some)] = some
    return new


def memory() -> dict[str, float]:
    """Of this process, MiB: now, and at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"resident_mib": psutil.Process().memory_info().rss / 2**20, "most_resident_mib": most}


@app.command()
def make(millions: int) -> None:
    """Fills the index; silver gets what is in memory at the end."""
    batches, known, began = millions * 1_000_000 // BATCH, KnownIds(topics(), settings()), time.monotonic()
    slowest = 0.0
    for number in range(batches):
        landed = stamp(number, batches)
        step = time.monotonic()
        known.settle(life(landed), landed)
        slowest = max(slowest, time.monotonic() - step)
        known.index.add(batch(number, landed), stamp_number(landed))
    left = [n for n in range(batches) if stamp_number(stamp(n, batches)) > known.index.saved_until]
    contract = load()[TABLE]
    for number in left:
        append_once(
            ensure_table(contract),
            BatchWriter("streams"),
            write_rows(silver(contract, number, batches), contract),
            "bench",
            number,
        )
    found = {"seconds": time.monotonic() - began, "slowest_settle_s": slowest, "runs": len(known.index.runs)}
    print(
        json.dumps(
            found
            | {"ids": len(known.index), "index_mib": known.index.nbytes / 2**20, "in_silver": len(left) * BATCH}
            | memory()
        )
    )


def silver(contract: Contract, number: int, batches: int) -> pa.Table:
    """A batch's rows, with values that cost nothing to make."""
    landed = stamp(number, batches)
    values: dict[str, Any] = {
        "ingerido_em": landed,
        "data": landed.date(),
        "timestamp": landed,
        "carimbo_kafka": landed,
    }
    columns = {
        field.name: pa.array([values.get(field.name)] * BATCH, field.type)
        if field.name in values or field.nullable
        else pa.array(np.zeros(BATCH, np.int8)).cast(field.type)
        for field in arrow_schema(contract)
    }
    columns["id_evento"] = pa.array([f"{number:08}-{n:032}" for n in range(BATCH)])
    return pa.table(columns).cast(arrow_schema(contract))


@app.command()
def restart(millions: int) -> None:
    """What a driver that starts does, and its first batches."""
    batches, before = millions * 1_000_000 // BATCH, memory()["resident_mib"]
    began = time.monotonic()
    known = KnownIds(topics(), settings())
    known.load(life(LAST))
    found: dict[str, Any] = {"seconds": time.monotonic() - began, "ids": len(known.index), "before_mib": before}
    found |= memory()
    index = known.index
    found |= {"batch_new_s": [seconds(index, batch(10**7 + n, NEXT)) for n in range(5)]}
    found |= {f"batch_{share:.0%}_repeats_s": seconds(index, repeats(share, batches)) for share in (0.01, 1.0)}
    print(json.dumps(found | {f"then_{name}": value for name, value in memory().items()}))


@app.command()
def plain(millions: int) -> None:
    """All ids in memory, as before there were runs."""
    batches, index, before = millions * 1_000_000 // BATCH, DedupIndex(), memory()["resident_mib"]
    for number in range(batches):
        index.add(batch(number, LAST))
    found: dict[str, Any] = {"ids": len(index), "before_mib": before} | memory()
    print(json.dumps(found | {"batch_new_s": [seconds(index, batch(10**7 + n, NEXT)) for n in range(5)]}))


def _measured(part: str, millions: int, environment: dict[str, str]) -> Any:  # noqa: ANN401 - its JSON
    command = [sys.executable, "-m", "benchmarks.dedup", part, str(millions)]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    print(part, answer.stdout, flush=True)
    return json.loads(answer.stdout)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    millions: Annotated[int, typer.Option(help="Known ids of seven days.")] = 300,
    plain: Annotated[int, typer.Option(help="Ids that are all in memory.")] = 10,
) -> None:
    """Prints the figures and writes var/bench/dedup.json."""
    if context.invoked_subcommand:
        return
    servers = Platform()
    attached = servers.is_running()
    servers.up(["s3"])
    bucket = f"bench-{uuid.uuid4().hex[:8]}"
    s3(settings()).create_bucket(Bucket=bucket)
    environment = os.environ | {"ACUDE_LAKE_BUCKET": bucket}
    parts = (("make", millions), ("restart", millions), ("plain", plain))
    found = {part: _measured(part, size, environment) for part, size in parts}
    path = settings().var / "bench" / "dedup.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"millions": millions, **found}, indent=1))
    if not attached:
        servers.down()


if __name__ == "__main__":
    app()

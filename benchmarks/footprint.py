"""What all servers take with live traffic: memory as proportional set size, and CPU.

Usage: python -m benchmarks.footprint [--minutes M]. The load: the live shop of `acude up`, 20 events/s and its payers.
"""

import json
import time
from typing import Annotated

import typer

from acude import process_tree
from acude.local.platform import Platform
from acude.settings import PROJECT

_MIB = 2**20


def cpu_seconds(servers: Platform) -> dict[str, float]:
    """CPU seconds of each server so far, its children's among them."""
    return {row.name: process_tree.cpu_seconds(row.pid) for row in servers.status(thorough=False) if row.pid}


def main(
    minutes: Annotated[
        float, typer.Option(help="How long the traffic flows; the CPU is that of its second half.")
    ] = 60,
) -> None:
    """Prints the figures with units and writes var/bench/footprint.json."""
    servers = Platform()
    attached = servers.is_running()
    servers.up(servers.names(live=True))
    time.sleep(minutes * 30)
    before, began = cpu_seconds(servers), time.monotonic()
    time.sleep(minutes * 30)
    after, seconds = cpu_seconds(servers), time.monotonic() - began
    rows = {
        row.name: {
            "mib": round(row.memory_bytes / _MIB),
            "cores": round((after.get(row.name, 0) - before.get(row.name, 0)) / seconds, 3),
        }
        for row in servers.status()
    }
    rows["all"] = {
        "mib": sum(row["mib"] for row in rows.values()),
        "cores": round(sum(row["cores"] for row in rows.values()), 3),
    }
    folder = PROJECT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "footprint.json").write_text(json.dumps({"minutes": minutes, "servers": rows}, indent=2))
    for name, row in rows.items():
        print(f"{name:<24} {row['mib']:>6,} MiB {row['cores']:>7.3f} cores")
    print(f"after {minutes:.0f} minutes of live traffic (most memory: 6,144 MiB)")
    if not attached:
        servers.down()


if __name__ == "__main__":
    typer.run(main)

"""Memory of all servers with live traffic, as proportional set size, and of each.

Usage: python -m benchmarks.memory. The load: the live shop of `acude up` for a minute.
"""

import json
import time

from acude.local.platform import Platform
from acude.settings import PROJECT

SETTLE_S = 60


def main() -> None:
    """Prints the figures with units and writes var/bench/memory.json."""
    servers = Platform()
    attached = servers.is_running()
    servers.up(servers.names(live=True))
    time.sleep(SETTLE_S)
    mib = {row.name: round(row.memory_bytes / 2**20) for row in servers.status()}
    mib["all"] = sum(mib.values())
    folder = PROJECT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.json").write_text(json.dumps(mib, indent=2))
    for name, value in mib.items():
        print(f"{name:<24} {value:>6,} MiB")
    if not attached:
        servers.down()


if __name__ == "__main__":
    main()

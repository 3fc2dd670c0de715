"""`make demo` in a fresh clone, where nothing is installed, and again.

Usage: python -m benchmarks.demo. The load: the demo itself; the first run downloads every package and jar unless
pip's and uv's caches have them. Needs the platform's ports, so nothing else of it may run.
"""

import json
import os
import platform as machine
import subprocess
import tempfile
import time
from pathlib import Path

from acude.local.platform import Platform
from acude.settings import PROJECT
from benchmarks.cpu import machine_seconds


def timed(folder: Path) -> tuple[float, float]:
    """Seconds that `make demo` takes, and CPU seconds of all the machine meanwhile; its report goes to the terminal."""
    # The clone is a machine of its own: nothing of this one's settings.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACUDE_")}
    began, busy = time.monotonic(), machine_seconds()
    subprocess.run(["make", "demo"], cwd=folder, env=environment, check=True)
    return time.monotonic() - began, machine_seconds() - busy


def main() -> None:
    """Prints the figures with units and writes var/bench/demo.json."""
    if Platform().is_running():
        raise SystemExit("The platform runs here and holds the demo's ports: `make down` first.")
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch) / "acude"
        subprocess.run(["git", "clone", "--quiet", PROJECT, clone], check=True)
        first, again = timed(clone), timed(clone)
    result = {"machine": f"{os.cpu_count()} cores, {machine.platform()}", "first": first, "again": again}
    folder = PROJECT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo.json").write_text(json.dumps(result, indent=2))
    print(f"make demo, nothing installed: {first[0]:.0f} s, {first[1]:.0f} of CPU (aim 360 s, floor 600 s)")
    print(f"make demo, again: {again[0]:.0f} s, {again[1]:.0f} of CPU (aim 150 s, floor 240 s)")


if __name__ == "__main__":
    main()

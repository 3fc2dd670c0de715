"""All figures, one after the other, so that none disturbs another: `make bench`."""

import subprocess
import sys

PARTS = ("benchmarks.ingest", "benchmarks.batch", "benchmarks.demo", "benchmarks.footprint")


def main() -> int:
    """Runs every part; returns how many failed."""
    failed = 0
    for part in PARTS:
        print(f"── {part}", flush=True)
        failed += bool(subprocess.run([sys.executable, "-m", part], check=False).returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main())

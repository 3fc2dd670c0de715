"""CPU time beside the wall's: machines and hours differ by three."""

import psutil


def machine_seconds() -> float:
    """CPU seconds that the whole machine has worked since its start; servers that ended are among them."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)

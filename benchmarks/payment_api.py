"""How fast the payment API answers: `python -m benchmarks.payment_api`, into var/bench/risk.json.

Its figures stand beside the workers'.

An open model, as in benchmarks.risk: requests are due at fixed moments, and a request's time runs from the moment it
was due until its whole answer is there. A request never waits for another's connection.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from acude.local.platform import Platform
from acude.settings import HOST, Settings
from benchmarks.bottleneck import each, watched
from benchmarks.risk import PERCENTILES, report, some_payments

RATE = 200
WARM_S, SECONDS = 10, 60
CLIMB_S = 8
STEPS = (300, 400, 500, 600, 800, 1_000)
PATIENCE_S = 10.0
_IN_TIME_MS = 1_000


@dataclass
class Client:
    """A client of the API that costs little CPU: HTTP/1.1 by hand, on as many connections as it needs at once."""

    port: int
    token: str
    _free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def post(self, body: bytes) -> int:
        """Asks for a decision; the answer's status, read to its end."""
        head = (
            f"POST /transacoes HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(HOST, self.port)
        writer.write(head.encode() + body)
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        (length,) = (int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:"))
        await reader.readexactly(length)
        self._free.append((reader, writer))
        return int(status.split()[1])

    def close(self) -> None:
        """Lets go of the connections."""
        for _, writer in self._free:
            writer.close()


def token(config: Settings) -> str:
    """A token of the shop's client."""
    secret = config.risk_client_secret.get_secret_value()
    answer = httpx.post(
        config.oauth_token_url, data={"grant_type": "client_credentials"}, auth=(config.risk_client_id, secret)
    )
    return str(answer.raise_for_status().json()["access_token"])


async def ask(client: Client, bodies: Sequence[bytes], rate: float) -> tuple[list[float], Counter[int]]:
    """Asks when each is due; seconds from then to the answer, and how often each status came."""
    begin, waited, statuses = time.monotonic() + 0.1, [], Counter[int]()

    async def one(body: bytes, due: float) -> None:
        try:
            status = await asyncio.wait_for(client.post(body), PATIENCE_S)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            status = 0
        waited.append(time.monotonic() - due)
        statuses[status] += 1

    async with asyncio.TaskGroup() as group:
        for number, body in enumerate(bodies):
            due = begin + number / rate
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            group.create_task(one(body, due))
    return waited, statuses


def measure(platform: Platform, rate: float, seconds: float) -> dict[str, Any]:
    """Latencies at one rate, and what holds them up; `load` is the machine's load average beside them."""
    config = platform.config
    bodies = [one.value for one in some_payments(int(rate * seconds), rate)]
    client = Client(config.risk_port, token(config))

    async def asked() -> tuple[list[float], Counter[int]]:
        try:
            return await ask(client, bodies, rate)
        finally:
            client.close()

    with watched(platform) as work:
        waited, statuses = asyncio.run(asked())
    return {
        "rate": rate,
        "requests": len(waited),
        **{name: round(float(np.percentile(waited, share)) * 1000, 1) for name, share in PERCENTILES.items()},
        "max_ms": round(max(waited) * 1000, 1),
        **{f"status_{status}": count for status, count in sorted(statuses.items())},
        "load": round(os.getloadavg()[0], 1),
        "cpu_ms_each": each(work.pop("cpu_s"), len(waited)),
        **work,
    }


def borne(platform: Platform) -> float:
    """The highest of the rates at which every request still gets its decision, and soon: then no queue grows."""
    best = float(RATE)
    for rate in STEPS:
        found = measure(platform, rate, CLIMB_S)
        report(f"climbing, {rate}/s", found)
        if found.get("status_200") != found["requests"] or found["p99_ms"] > _IN_TIME_MS:
            break
        best = rate
    return best


def figures(platform: Platform) -> dict[str, Any]:
    """At the usual rate, and at twice what the API can bear."""
    measure(platform, RATE, WARM_S)
    usual = measure(platform, RATE, SECONDS)
    report(f"HTTP at {RATE}/s", usual)
    most = borne(platform)
    beyond = measure(platform, 2 * most, CLIMB_S)
    report(f"HTTP at {2 * most:.0f}/s, twice what it bears", beyond)
    return {"http": usual, "http_most_per_s": most, "http_beyond": beyond}


def main() -> None:
    """Takes the figures, and puts them beside those that are there."""
    # The agreed rate is not what is measured here.
    os.environ.setdefault("ACUDE_RISK_RATE_LIMIT", "100000")
    platform = Platform()
    attached = platform.is_running()
    platform.up(["risk-worker", "risk-recorder", "risk-api"])
    path = platform.config.var / "bench" / "risk.json"
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | figures(platform), indent=2) + "\n")
    if not attached:
        platform.down()


if __name__ == "__main__":
    main()

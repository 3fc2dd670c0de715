"""Live windows and live stock count each row once, wherever the process that counts is killed."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from acude.local.platform import Platform
from acude.settings import PROJECT
from tests.chaos.s3_proxy import Kill, S3Proxy, s3_proxy
from tests.integration.streams.conftest import TABLES
from tests.integration.streams.silver import NOON, Silver, expected, live
from tests.integration.streams.streamlab import Row, StreamLab, stream_lab

SECOND = timedelta(seconds=1)
WAREHOUSES = ("a1", "a2")


@pytest.fixture
def lab(platform: Platform) -> Iterator[StreamLab]:
    """An empty lake; its own Spark only makes the tables."""
    del platform
    with stream_lab() as found:
        found.new_lake()
        found.create(*TABLES)
        yield found


def count(lab: StreamLab, proxy: S3Proxy, step: str, kill: Kill | None = None) -> int:
    """Runs one step in a process of its own, to its end or to its death; returns how many objects it wrote."""
    proxy.kill, before = kill, len(proxy.writes)
    with subprocess.Popen(
        [sys.executable, "-c", f"from tests.integration.streams.steps import {step}; {step}()"],
        cwd=PROJECT,
        env=lab.whole_environment | {"ACUDE_S3_ENDPOINT": proxy.endpoint},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    ) as driver:
        proxy.victim = driver.pid
        _, said = driver.communicate(timeout=300)
    proxy.kill = None
    assert driver.returncode == (-signal.SIGKILL if kill and kill.done else 0), said[-4000:]
    return len(proxy.writes) - before


def killed_at_any_write(lab: StreamLab, step: str, kills: int) -> Iterator[int]:
    """Before each number more rows are to be landed; the step then dies, and with the last number it ends."""
    rng = random.SystemRandom()
    with s3_proxy(lab.config.s3_endpoint or "") as proxy:
        yield 0
        writes = count(lab, proxy, step)
        for number in range(1, kills + 1):
            yield number
            count(lab, proxy, step, Kill(".", after=rng.random() < 0.5, number=rng.randrange(1, writes + 1)))
        yield kills + 1
        count(lab, proxy, step)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kills", [12])
def test_windows_are_exact_although_their_driver_is_killed_at_any_write(lab: StreamLab, kills: int) -> None:
    silver, events = Silver(lab), list[Row]()
    for number in killed_at_any_write(lab, "measure", kills):
        more = [silver.event(NOON + number * SECOND, f"u{user}", id_produto=f"p{number % 5}") for user in range(5)]
        bought = silver.event(NOON + number * SECOND, "u1", "compra", id_produto="p1", quantidade=2)
        more.append(bought | {"preco": Decimal(number), "moeda": "BRL"})
        silver.land(*more)
        events += more
    assert live(lab) == expected(events)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kills", [12])
def test_stock_is_the_newest_although_its_driver_is_killed_at_any_write(lab: StreamLab, kills: int) -> None:
    silver, newest = Silver(lab), dict[tuple[str, str], int]()
    for number in killed_at_any_write(lab, "stock", kills):
        place = WAREHOUSES[number % 2], f"p{number % 5}"
        newest[place] = number
        lab.append(
            "silver.atualizacoes_estoque", [silver.update(NOON + number * SECOND, place[1], number, warehouse=place[0])]
        )
    rows = lab.rows("gold.ao_vivo_estoque")
    assert {(row["id_armazem"], row["id_produto"]): row["nivel_estoque"] for row in rows} == newest
    assert len(rows) == len(newest)

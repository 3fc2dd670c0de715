"""A driver whose queries have started is not ready before each of them has got through a batch."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.lake.lease import Lease
from acude.lake.maintenance_requests import WRITER
from acude.orchestration import streams
from acude.orchestration.errors import CheckError
from acude.settings import HOST
from jobs.streaming.queries import INGEST, QUERIES
from tests.chaos.conftest import Lake, new_lake, reading
from tests.chaos.s3_proxy import Hold

pytestmark = pytest.mark.usefixtures("platform")


@retry(retry=retry_if_result(lambda done: not done), stop=stop_after_delay(240), wait=wait_fixed(0.5))
def until(done: Callable[[], bool]) -> bool:
    return done()


def advanced(lake: Lake) -> set[str]:
    """The queries that have got through a batch, as the driver's metrics say."""
    try:
        text = httpx.get(f"http://{HOST}:{lake.config.streams_metrics_port}/metrics").text
    except httpx.TransportError:
        return set()
    shown = {
        name: float(at)
        for name, at in re.findall(r'^fluxos_avanco_segundos{consulta="(\w+)"} (\S+)$', text, re.MULTILINE)
    }
    return {name for name, at in shown.items() if at > min(shown.values())}


def is_ready(lake: Lake) -> bool:
    return bool((Lease(WRITER, lake.config).holder() or {}).get("ready"))


def test_a_driver_with_a_query_that_does_not_get_through_its_first_batch_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_lake(tmp_path) as lake:
        lake.send(reading(1))
        hold = Hold(r"^_checkpoints/ingest/[0-9a-fT-]+/offsets/")
        lake.proxy.kill = hold
        driver = lake.start(available_now=False)
        try:
            until(lambda: advanced(lake) == {query.name for query in QUERIES} - {INGEST.name})
            assert hold.reached.is_set()
            assert not is_ready(lake)
            monkeypatch.setattr(streams, "settings", lambda: lake.config)
            monkeypatch.setattr(streams, "_PATIENCE_S", 0)
            with pytest.raises(CheckError, match="don't get through a batch"):
                streams.keep_alive()
            hold.over.set()
            until(lambda: is_ready(lake))
            assert "The streams run as process" in streams.keep_alive()
        finally:
            hold.over.set()
            os.killpg(driver.pid, signal.SIGKILL)
            driver.communicate(timeout=60)

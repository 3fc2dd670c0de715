"""A driver whose queries have started is not ready before each of them has got through a batch."""

import os
import signal
from pathlib import Path

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.contracts.model import STREAMS
from acude.lake.lease import Lease
from acude.orchestration import streams
from acude.orchestration.errors import CheckError
from tests.chaos.conftest import Lake, new_lake, reading
from tests.chaos.s3_proxy import Pause

pytestmark = pytest.mark.usefixtures("platform")


@retry(retry=retry_if_result(lambda ready: not ready), stop=stop_after_delay(240), wait=wait_fixed(0.5))
def until_ready(lake: Lake) -> bool:
    holder = Lease(STREAMS, lake.config).holder()
    return bool(holder and holder["ready"])


def test_a_driver_that_does_not_get_through_its_first_batch_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_lake(tmp_path) as lake:
        lake.send(reading(1))
        pause = Pause("^bronze/eventos/_delta_log/.*1.json")
        lake.proxy.kill = pause
        driver = lake.start(available_now=False)
        try:
            assert pause.reached.wait(timeout=240)
            holder = Lease(STREAMS, lake.config).holder()
            assert (holder or {}).get("ready") is False
            monkeypatch.setattr(streams, "settings", lambda: lake.config)
            monkeypatch.setattr(streams, "_PATIENCE_S", 0)
            with pytest.raises(CheckError, match="don't get through a batch"):
                streams.keep_alive()
            pause.over.set()
            os.killpg(driver.pid, signal.SIGCONT)
            until_ready(lake)
            assert "The streams run as process" in streams.keep_alive()
        finally:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.communicate(timeout=60)

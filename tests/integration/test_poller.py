import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from acude import aws
from acude.local.platform import Platform
from acude.settings import HOST, Settings
from acude.simulator.stock import WAREHOUSES, Stock
from acude.stock.poller import Poller

PORT = 18610
START = datetime(2026, 11, 20, tzinfo=UTC)
END = START + timedelta(minutes=20)
IDS = {update.id_atualizacao for update in Stock().between(START, END)}

Reader = Callable[[str], list[str]]

DIES_BEFORE_ITS_SECOND_CURSOR = """
import os, signal, sys
from acude.stock import poller
from acude.settings import Settings

kept = poller.Cursors.keep
calls = []

def keep(self, armazem, cursor):
    calls.append(cursor)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    kept(self, armazem, cursor)

poller.Cursors.keep = keep
poller.Poller(Settings.model_validate_json(sys.stdin.read()), sys.argv[1]).round()
"""


@pytest.fixture
def config(platform: Platform) -> Iterator[Settings]:
    """The platform with a bucket for cursors, and warehouses, of the test's own."""
    bucket = f"poller-{uuid.uuid4().hex[:12]}"
    kept = {name: getattr(platform.config, name) for name in platform.config.model_fields_set}
    changed = Settings.model_validate(
        kept | {"lake_bucket": bucket, "warehouses_url": f"http://{HOST}:{PORT}", "warehouses_port": PORT}
    )
    s3 = aws.s3(changed)
    s3.create_bucket(Bucket=bucket)
    yield changed
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)


@contextmanager
def warehouses(failures: float = 0.0, end: datetime = END) -> Iterator["subprocess.Popen[bytes]"]:
    """The warehouses' API with its clock standing at `end`."""
    options = ["--port", str(PORT), "--start", f"{START:%Y-%m-%dT%H:%M:%S}", "--end", f"{end:%Y-%m-%dT%H:%M:%S}"]
    command = [sys.executable, "-m", "acude.simulator.warehouses", *options, "--failures", str(failures)]
    server = subprocess.Popen(command)
    try:
        wait_until(lambda: answers(server))
        yield server
    finally:
        server.kill()
        server.wait()


def answers(server: "subprocess.Popen[bytes]") -> bool:
    assert server.poll() is None
    try:
        return httpx.get(f"http://{HOST}:{PORT}/saude").is_success
    except httpx.TransportError:
        return False


def wait_until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.1)


@pytest.fixture
def ids_in(records_in: Callable[[str], list[Any]]) -> Callable[[str], list[str]]:
    return lambda topic: [json.loads(record.value)["id_evento"] for record in records_in(topic)]


def test_every_update_of_every_warehouse_reaches_the_topic_once(config: Settings, topic: str, ids_in: Reader) -> None:
    poller = Poller(config, topic)
    with warehouses():
        outcome = poller.round()
        again = poller.round()
    poller.close()
    assert (outcome.sent, outcome.failed) == (len(IDS), {})
    assert (again.sent, again.failed) == (0, {})
    found = ids_in(topic)
    assert len(found) == len(set(found))
    assert set(found) == IDS


def test_nothing_is_missed_while_a_third_of_the_requests_fail(config: Settings, topic: str, ids_in: Reader) -> None:
    poller = Poller(config, topic)
    with warehouses(failures=0.3):
        wait_until(lambda: not poller.round().failed)
    poller.close()
    assert set(ids_in(topic)) == IDS


def test_an_outage_of_the_api_is_caught_up_from_where_it_began(config: Settings, topic: str, ids_in: Reader) -> None:
    poller = Poller(config, topic)
    with warehouses(end=START + timedelta(minutes=5)):
        assert not poller.round().failed
    assert poller.round().failed
    with warehouses():
        outcome = poller.round()
    poller.close()
    assert outcome.sent == len(IDS) * 3 // 4
    assert sorted(ids_in(topic)) == sorted(IDS)


def test_a_poller_killed_between_send_and_cursor_sends_again_and_misses_nothing(
    config: Settings, topic: str, ids_in: Reader
) -> None:
    with warehouses():
        killed = subprocess.run(
            [sys.executable, "-c", DIES_BEFORE_ITS_SECOND_CURSOR, topic],
            input=settings_json(config),
            text=True,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        before = ids_in(topic)
        poller = Poller(config, topic)
        assert not poller.round().failed
        poller.close()
    found = ids_in(topic)
    assert 0 < len(before) < len(IDS)
    assert set(found) == IDS
    assert len(found) > len(IDS)


def test_the_cursor_outlives_the_poller(config: Settings, topic: str, ids_in: Reader) -> None:
    with warehouses():
        for _ in range(2):
            poller = Poller(config, topic)
            poller.round()
            poller.close()
    assert len(ids_in(topic)) == len(IDS)
    listed = aws.s3(config).list_objects_v2(Bucket=config.lake_bucket, Prefix="_controle/poller/")["Contents"]
    assert {item["Key"] for item in listed} == {f"_controle/poller/{armazem}.json" for armazem in WAREHOUSES}


def test_the_program_ends_in_good_order_on_sigterm(config: Settings, tmp_path: Path) -> None:
    environment = os.environ | {"ACUDE_VAR": str(tmp_path), "ACUDE_WAREHOUSES_URL": config.warehouses_url}
    poller = subprocess.Popen(
        [sys.executable, "-m", "acude.stock.poller"], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert poller.stderr is not None
    assert "stays for the next round" in next(line for line in poller.stderr if "next round" in line)
    poller.terminate()
    assert poller.wait() == 0


def settings_json(config: Settings) -> str:
    """The settings with their secrets, for a process of the test's own."""
    values = {name: getattr(config, name) for name in config.model_fields_set}
    plain = {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in values.items()}
    return json.dumps(plain, default=str)

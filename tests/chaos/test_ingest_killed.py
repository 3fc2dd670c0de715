"""Design property 1 under fire: nothing lost and nothing twice, wherever the driver is killed."""

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from acude.kafka import brokers
from acude.local.platform import Platform
from tests.chaos.conftest import MIXED, SIDE_TABLES, Lake, new_lake, reading
from tests.chaos.s3_proxy import Kill, Pause

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.usefixtures("platform")

STATE = r"^_checkpoints/ingest/acude.json$"
OFFSETS = r"^_checkpoints/ingest/[0-9a-fT-]+/offsets/"
SPARKS_COMMIT = r"^_checkpoints/ingest/[0-9a-fT-]+/commits/"
SIDES = r"^silver/(quarentena|duplicatas)/_delta_log/"


def commit_of(table: str) -> str:
    return f"^{table.replace('.', '/')}/_delta_log/"


@pytest.fixture(scope="module")
def landed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake whose first driver has landed `MIXED` and one reading with a field that its contract doesn't know yet."""
    del platform
    with new_lake(tmp_path_factory.mktemp("landed")) as lake:
        lake.send(*MIXED, reading(50, unit="kPa"))
        lake.run()
        yield lake


def test_a_topic_needs_one_contract_file_and_no_python(landed: Lake) -> None:
    landed.assert_nothing_lost_nothing_twice()
    assert sorted(int(str(row["id_evento"])) for row in landed.rows(f"silver.{landed.topic}")) == list(range(40))
    reasons = sorted(str(row["motivo"]) for row in landed.rows("silver.quarentena"))
    assert reasons == ["campo_desconhecido", "contraditorio", "json_invalido", "tipo_errado", "vazio"]
    assert len(landed.rows("silver.duplicatas")) == 5


def first_start(topic: str) -> list[Kill]:
    """The steps of a start without a checkpoint, to the last of its first batch's commits that is sure to come."""
    return [
        Kill(STATE, after=False),
        Kill(STATE),
        Kill(r"^_checkpoints/ingest/[0-9a-fT-]+/metadata"),
        Kill(OFFSETS, after=False),
        Kill(OFFSETS),
        Kill(STATE, number=2),
        Kill(commit_of("bronze.eventos"), after=False),
        # Silver, quarantine and duplicates are committed side by side: the first kill may fall behind the other two.
        Kill(commit_of(f"silver.{topic}"), after=False),
        Kill(commit_of(f"silver.{topic}")),
    ]


def start_and_kill(lake: Lake, kills: list[Kill]) -> None:
    """One start for each kill, and one that ends."""
    for number, kill in enumerate(kills, 1):
        # Records before each start: one that begins at the wrong offset would lose or repeat some.
        lake.send(*(reading(1_000 * number + n) for n in range(5)), reading(number))
        lake.run(kill)
    lake.run()
    lake.assert_nothing_lost_nothing_twice()


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(slice(2, None, 3), id="some"),
        pytest.param(slice(None), id="all", marks=[pytest.mark.soak, pytest.mark.timeout(900)]),
    ],
)
def test_drivers_killed_at_steps_of_a_first_start_lose_and_repeat_nothing(landed: Lake, steps: slice) -> None:
    landed.lose_the_checkpoint()
    start_and_kill(landed, first_start(landed.topic)[steps])


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_drivers_killed_at_each_step_of_an_empty_lakes_first_start_lose_and_repeat_nothing(
    platform: Platform, tmp_path: Path
) -> None:
    del platform
    with new_lake(tmp_path) as lake:
        lake.send(*MIXED)
        made = Kill(commit_of("bronze.eventos"))
        start_and_kill(lake, [made, *first_start(lake.topic)])


def test_drivers_killed_between_each_pair_of_commits_lose_and_repeat_nothing_of_a_changed_contracts_batch(
    landed: Lake,
) -> None:
    landed.add_field("unidade")
    repeats = [reading(n) for n in range(5)]
    sent = [*repeats, *(reading(n) for n in range(100, 140)), reading(106, value="9.99"), b"{", None]
    landed.send(*sent, reading(61, unit="kPa"))
    tables = [f"silver.{landed.topic}", *(f"silver.{name}" for name in SIDE_TABLES)]
    before = {table: len(landed.rows(table)) for table in tables}
    # Each driver runs the batch again from its beginning, and passes over what is committed already.
    for kill in (Kill(commit_of("bronze.eventos")), Kill(SIDES), Kill(SPARKS_COMMIT, after=False), Kill(SPARKS_COMMIT)):
        landed.run(kill)
        assert sum(landed.coordinates("bronze.eventos").values()) == sum(landed.acknowledged.values())
    landed.send(reading(150), reading(103))
    produce_and_abort(landed, reading(151))
    landed.send(reading(152))
    landed.run()
    landed.assert_nothing_lost_nothing_twice()
    units = {row["id_evento"]: row["unidade"] for row in landed.rows(tables[0])}
    assert units["61"] == "kPa"
    assert {f"{n}" for n in (*range(100, 140), 150, 152)} < units.keys()
    assert "151" not in units
    assert len(landed.rows("silver.duplicatas")) == before["silver.duplicatas"] + len(repeats) + 1


def produce_and_abort(lake: Lake, payload: bytes) -> None:
    """Leaves a record on the topic that its producer never committed."""
    producer = Producer({**brokers.librdkafka(lake.config), "transactional.id": lake.topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(lake.topic, payload, "0")
    producer.flush(30)
    producer.abort_transaction(30)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kills", [20])
def test_drivers_killed_at_any_write_of_a_running_batch_lose_and_repeat_nothing(landed: Lake, kills: int) -> None:
    rng, number = random.SystemRandom(), 500_000
    for _ in range(kills):
        # As many writes as a batch has, from its offsets to Spark's commit.
        landed.send(*(reading(number + n) for n in range(40)), reading(number), b"{")
        landed.proxy.writes.clear()
        landed.run()
        keys = [write.partition(" ")[2] for write in landed.proxy.writes]
        begin = next(place for place, key in enumerate(keys) if re.search(OFFSETS, key))
        # Not the commit of the batch that the last kill cut off, which comes before.
        end = next(place for place, key in enumerate(keys) if place > begin and re.search(SPARKS_COMMIT, key))
        landed.send(*(reading(number + 50 + n) for n in range(40)), reading(number), b"{")
        place = rng.randrange(1, end - begin + 1)
        landed.run(Kill(".", after=rng.random() < 0.5, number=place, since=OFFSETS))
        number += 1_000
    landed.run()
    landed.assert_nothing_lost_nothing_twice()


def test_a_lost_checkpoint_goes_on_behind_bronze_and_mends_the_cut_batch(landed: Lake) -> None:
    before = len(landed.rows("silver.duplicatas"))
    landed.send(*(reading(n) for n in range(200, 240)), reading(200), b"{")
    landed.run(Kill(commit_of("bronze.eventos")))
    landed.lose_the_checkpoint()
    landed.send(reading(300), reading(203))
    # The mending is cut off, too.
    landed.run(Kill(SIDES))
    landed.run()
    landed.assert_nothing_lost_nothing_twice()
    assert len(landed.rows("silver.duplicatas")) == before + 2


def test_a_driver_that_was_paused_beyond_its_lease_adds_nothing_beside_the_next_one(landed: Lake) -> None:
    landed.send(*(reading(n) for n in range(400, 440)), b"{")
    pause = Pause(commit_of("bronze.eventos"))
    landed.proxy.kill = pause
    paused = landed.start()
    try:
        assert pause.reached.wait(timeout=120)
        landed.wait_until_the_lease_is_free()
        landed.run()
    finally:
        # What it was about to write arrives late, behind the next driver's commits.
        pause.over.set()
        os.killpg(paused.pid, signal.SIGCONT)
    _, said = paused.communicate(timeout=300)
    assert paused.returncode == 1, said
    landed.assert_nothing_lost_nothing_twice()


def test_kills_of_driver_broker_and_object_store_at_any_moment(landed: Lake, platform: Platform) -> None:
    before, number = len(landed.rows(f"silver.{landed.topic}")), 100_000
    for victims in (["driver"], ["s3", "kafka"]):
        landed.send(*(reading(n) for n in range(number, number + 200)), *MIXED[-3:])
        number += 200
        driver = landed.start()
        for victim in victims:
            # Anywhere from start-up to the last commit; where it falls differs from run to run, the result does not.
            time.sleep(random.uniform(2, 8))  # noqa: S311 - not for secrets
            kill(platform, victim, driver)
        driver.communicate(timeout=300)
    landed.run()
    landed.assert_nothing_lost_nothing_twice()
    assert len(landed.rows(f"silver.{landed.topic}")) == before + 400


def kill(platform: Platform, victim: str, driver: "subprocess.Popen[str]") -> None:
    """Kills the driver with its JVM, or a server, which its supervisor brings back."""
    if victim == "driver":
        os.killpg(driver.pid, signal.SIGKILL)
        return
    pid = platform.pid(victim)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    platform.wait_back(victim, pid)

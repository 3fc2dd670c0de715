"""The ids that the driver's memory has no room for: saved, read back, made again, whatever is killed or deleted."""

from collections.abc import Iterator

import pytest

from acude.aws import delete, keys
from acude.ingestion.saved_ids import FOLDER, STATE
from acude.local.platform import Platform
from tests.chaos.conftest import Lake, new_lake, reading
from tests.chaos.s3_proxy import Kill

IDS = 400
"""More than memory has room for: 146."""

RUNS = f"^{FOLDER}/partes/"


@pytest.fixture(scope="module")
def landed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake whose driver may keep few ids in memory."""
    del platform
    with new_lake(tmp_path_factory.mktemp("ids")) as lake:
        lake.environment["ACUDE_DEDUP_MEMORY"] = "64KiB"
        lake.send(*(reading(n) for n in range(IDS)))
        lake.run()
        yield lake


def repeats_are_found(lake: Lake) -> None:
    """All ids once more, and one with another content."""
    before = len(lake.rows("silver.duplicatas")), len(lake.rows("silver.quarentena"))
    lake.send(*(reading(n) for n in range(IDS)), reading(3, value="7.77"))
    lake.run()
    lake.assert_nothing_lost_nothing_twice()
    assert len(lake.rows(f"silver.{lake.topic}")) == IDS
    assert len(lake.rows("silver.duplicatas")) == before[0] + IDS
    assert len(lake.rows("silver.quarentena")) == before[1] + 1


@pytest.mark.parametrize(
    "kill",
    [
        Kill(RUNS),
        Kill(f"^{STATE}$", after=False),
        pytest.param(Kill(RUNS, after=False), marks=pytest.mark.soak),
        pytest.param(Kill(f"^{STATE}$"), marks=pytest.mark.soak),
    ],
)
def test_a_driver_that_is_killed_while_it_saves_ids_leaves_none_unknown(landed: Lake, kill: Kill) -> None:
    delete(landed.config.lake_bucket, list(keys(landed.config.lake_bucket, FOLDER, landed.config)), landed.config)
    landed.run(kill)
    repeats_are_found(landed)
    assert runs(landed)


def test_ids_that_were_deleted_are_read_from_silver_again(landed: Lake) -> None:
    repeats_are_found(landed)
    delete(landed.config.lake_bucket, runs(landed)[:1], landed.config)
    repeats_are_found(landed)
    assert runs(landed)


def runs(lake: Lake) -> list[str]:
    """The saved runs."""
    return [key for key in keys(lake.config.lake_bucket, FOLDER, lake.config) if key.endswith(".ids")]

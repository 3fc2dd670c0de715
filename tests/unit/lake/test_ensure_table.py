"""A table that is there has what its contract and the platform ask of it today."""

from pathlib import Path

import pytest
from deltalake import DeltaTable, Schema

from acude.contracts.model import Contract, table
from acude.contracts.spark import schema
from acude.lake import ensure_table as made
from acude.lake import snapshot
from acude.lake.ensure_table import ensure_table, properties
from acude.settings import settings

FOLLOWED, BATCH = table("silver.transacoes"), table("silver.vendas")
OLD = {
    "delta.checkpointInterval": "10",
    "delta.logRetentionDuration": "interval 168 hours",
    "delta.dataSkippingNumIndexedCols": "5",
}


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the bucket."""

    def place(contract: Contract, _: object) -> str:
        return str(tmp_path / contract.prefix)

    monkeypatch.setattr(made, "place_of", place)
    monkeypatch.setattr(snapshot, "place_of", place)
    return tmp_path


def old(lake: Path, contract: Contract) -> None:
    """A table as it was made once."""
    DeltaTable.create(
        str(lake / contract.prefix),
        Schema.from_json(schema(contract).json()),
        partition_by=contract.partition_by,
        configuration=OLD,
    )


def test_an_old_table_of_the_streams_gets_the_properties_of_a_new_one_once(lake: Path) -> None:
    old(lake, FOLLOWED)
    wanted = properties(FOLLOWED, settings())
    assert wanted["delta.enableExpiredLogCleanup"] == "false"
    for _ in range(2):
        found = ensure_table(FOLLOWED)
        assert found.metadata().configuration == OLD | wanted
        assert (found.version(), found.protocol().min_reader_version) == (1, 1)


def test_a_new_table_is_made_in_one_commit() -> None:
    for _ in range(2):
        assert ensure_table(FOLLOWED).version() == 0


def test_an_old_table_of_the_batch_keeps_its_properties(lake: Path) -> None:
    old(lake, BATCH)
    assert ensure_table(BATCH).metadata().configuration == OLD

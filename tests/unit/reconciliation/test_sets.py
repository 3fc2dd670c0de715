"""A record that is lost, doubled or made up between broker and silver breaks its rule, by coordinate."""

import tracemalloc
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import Contract, table, topics
from acude.lake.snapshot import Snapshot
from acude.reconciliation import sets
from acude.settings import Settings
from acude.simulator import ledger
from acude.simulator.ledger import Entry, Ledger

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "eventos_clientes"
RULES = [
    "Every coordinate is in bronze once",
    "Every coordinate is refined once",
    "What is in bronze is in silver, quarantine or duplicates",
    "What is refined is in bronze",
    "What the broker acknowledged is in bronze",
    "No acknowledged send is in bronze a second time",
]
IN_BRONZE, REFINED, LANDED_IS_REFINED, REFINED_IS_LANDED, ACKNOWLEDGED, ONCE = RULES


class Noon(datetime):
    """The ledger's clock: everything is sent at noon of the day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Noon":
        return cls.fromtimestamp(NOON.timestamp(), tz)


class Lake:
    """Delta tables in a folder, in the place of those on S3."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setattr(sets, "snapshot", self.snapshot)
        monkeypatch.setattr(ledger, "datetime", Noon)
        self.config = Settings(var=folder / "var")
        self.ledger = Ledger(self.config.var, "20260301T120000-s1-1")

    def snapshot(self, contract: Contract, config: Settings) -> Snapshot | None:
        del config
        place = str(self.folder / contract.prefix)
        return Snapshot(contract, DeltaTable(place)) if DeltaTable.is_deltatable(place) else None

    def add(self, contract: Contract, offset: int, **values: object) -> None:
        """A row at offset `offset` of partition 1."""
        row = {"topico": TOPIC, "particao": 1, "deslocamento": offset, "data": DAY, "ingerido_em": NOON, **values}
        self.write(contract, [{"carimbo_kafka": NOON, **row}])

    def write(self, contract: Contract, values: list[dict[str, object]]) -> None:
        fields = [pa.field(kind.name, kind.type) for kind in arrow_schema(contract)]
        rows = pa.Table.from_pylist(values, pa.schema(fields))
        write_deltalake(str(self.folder / contract.prefix), rows, mode="append", partition_by=["data"])

    def land(self, offset: int, send: int | None = None, replay_of: str = "", **values: object) -> None:
        """A row of bronze, with a foreign header before ours."""
        trace = [{"chave": "id_rastro", "valor": self.ledger.id_of(send).encode()}] if send is not None else []
        trace += [{"chave": "acude-reenvio-de", "valor": replay_of.encode()}] if replay_of else []
        self.add(table("bronze.eventos"), offset, cabecalhos=[{"chave": "x", "valor": b"\xff"}, *trace], **values)

    def refine(self, offset: int, into: str = f"silver.{TOPIC}", **values: object) -> None:
        self.add(table(into), offset, **values)

    def acknowledge(self, offset: int) -> None:
        """A send that the broker took at that offset, at noon."""
        (number,) = self.ledger.intend([Entry(TOPIC, "valido", None, "e", None, None, False, DAY, None, None)])
        self.ledger.answer(number, 1, offset)
        self.ledger.close()

    def broken(self, first: date = DAY, last: date = DAY) -> dict[str, tuple[str, ...]]:
        """Examples of each broken rule."""
        found = sets.set_rows(self.config, first, last)
        return {row.rule: row.examples for row in found if not row.ok}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Three records of bronze, one each in silver, quarantine and duplicates."""
    lake = Lake(tmp_path, monkeypatch)
    for offset in range(3):
        lake.land(offset)
    lake.refine(0)
    lake.refine(1, "silver.quarentena")
    lake.refine(2, "silver.duplicatas")
    return lake


def test_each_record_once_breaks_nothing(lake: Lake) -> None:
    assert lake.broken() == {}
    assert [row.checked for row in sets.set_rows(lake.config, DAY, DAY)] == [3, 3, 3, 3]


def test_a_record_twice_in_bronze_is_named(lake: Lake) -> None:
    lake.land(1)
    assert lake.broken() == {IN_BRONZE: (f"{TOPIC}/1/1",)}


@pytest.mark.parametrize("into", [f"silver.{TOPIC}", "silver.quarentena", "silver.duplicatas"])
def test_a_record_refined_twice_is_named(lake: Lake, into: str) -> None:
    lake.refine(1, into)
    assert lake.broken() == {REFINED: (f"{TOPIC}/1/1",)}


def test_a_record_that_is_not_refined_is_named(lake: Lake) -> None:
    lake.land(7)
    assert lake.broken() == {LANDED_IS_REFINED: (f"{TOPIC}/1/7",)}


def test_a_record_that_never_landed_is_named(lake: Lake) -> None:
    lake.refine(8)
    assert lake.broken() == {REFINED_IS_LANDED: (f"{TOPIC}/1/8",)}


def test_what_is_refined_of_a_batch_behind_bronzes_last_is_not_checked(lake: Lake) -> None:
    lake.refine(8, ingerido_em=NOON + timedelta(seconds=1))
    assert lake.broken() == {}


def test_the_same_offset_of_another_topic_is_another_record(lake: Lake) -> None:
    other = next(topic.name for topic in topics() if topic.name != TOPIC)
    lake.refine(0, f"silver.{other}")
    assert lake.broken() == {REFINED_IS_LANDED: (f"{other}/1/0",)}


def test_other_days_are_left_alone(lake: Lake) -> None:
    lake.land(7, carimbo_kafka=NOON + timedelta(days=1), data=DAY + timedelta(days=1))
    assert lake.broken() == {}
    assert list(lake.broken(last=DAY + timedelta(days=1))) == [LANDED_IS_REFINED]


def test_an_acknowledged_send_that_did_not_land_is_named(lake: Lake) -> None:
    lake.acknowledge(0)
    lake.acknowledge(9)
    assert lake.broken() == {ACKNOWLEDGED: (f"{TOPIC}/1/9",)}


def test_a_send_that_landed_under_a_second_coordinate_is_named(lake: Lake) -> None:
    lake.acknowledge(0)
    lake.land(5, send=0)
    lake.refine(5)
    assert lake.broken() == {ONCE: (f"{TOPIC}/1/5",)}


def test_a_replay_of_a_send_is_no_second_send(lake: Lake) -> None:
    lake.acknowledge(0)
    lake.land(5, send=0, replay_of=f"{TOPIC}/1/0")
    lake.refine(5)
    assert lake.broken() == {}


def behind(lake: Lake) -> dict[str, tuple[int, int]]:
    found = sets.set_rows(lake.config, DAY, DAY)
    return {row.rule: (row.broken, row.behind) for row in found if not row.ok}


def test_a_send_above_all_that_bronze_has_is_on_its_way(lake: Lake) -> None:
    lake.acknowledge(9)
    assert behind(lake) == {ACKNOWLEDGED: (1, 1)}


def test_a_send_below_what_bronze_has_of_any_day_is_missing(lake: Lake) -> None:
    lake.acknowledge(9)
    lake.land(12, carimbo_kafka=NOON - timedelta(days=3), data=DAY - timedelta(days=3))
    assert behind(lake) == {ACKNOWLEDGED: (1, 0)}


def test_what_bronzes_newest_batch_brought_is_still_being_refined(lake: Lake) -> None:
    lake.land(7)
    assert behind(lake) == {LANDED_IS_REFINED: (1, 1)}


def test_what_an_older_batch_brought_and_silver_lacks_is_missing(lake: Lake) -> None:
    lake.land(7)
    later = NOON - timedelta(days=3)
    lake.land(30, carimbo_kafka=later, data=later.date(), ingerido_em=NOON + timedelta(hours=1))
    assert behind(lake) == {LANDED_IS_REFINED: (1, 0)}


def test_a_record_that_silver_skipped_is_missing(lake: Lake) -> None:
    lake.land(7)
    lake.land(8)
    lake.refine(8)
    assert behind(lake) == {LANDED_IS_REFINED: (1, 0)}


def test_each_rule_says_by_which_day_it_counts_and_what_to_do(lake: Lake) -> None:
    lake.acknowledge(0)
    for row in sets.set_rows(lake.config, DAY, DAY):
        assert row.counted_by == "the day on which the broker took it"
        assert row.next_step


def test_no_tables_and_no_ledger_break_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Lake(tmp_path, monkeypatch)
    assert empty.broken() == {}


def test_days_are_added_up_by_rule(lake: Lake) -> None:
    following: dict[str, Any] = {"carimbo_kafka": NOON + timedelta(days=1), "data": DAY + timedelta(days=1)}
    lake.land(10, **following)
    lake.refine(10, **following)
    lake.land(4)
    lake.land(11, **following)
    found = {row.rule: row for row in sets.set_rows(lake.config, DAY, DAY + timedelta(days=1))}
    assert {row.checked for rule, row in found.items() if rule in {IN_BRONZE, LANDED_IS_REFINED}} == {6}
    assert found[LANDED_IS_REFINED].examples == (f"{TOPIC}/1/4", f"{TOPIC}/1/11")
    assert (found[LANDED_IS_REFINED].broken, found[REFINED].checked) == (2, 4)


def test_a_send_may_land_on_the_next_day(lake: Lake) -> None:
    lake.acknowledge(5)
    following: dict[str, Any] = {"carimbo_kafka": NOON + timedelta(hours=13), "data": DAY + timedelta(days=1)}
    lake.land(5, send=0, **following)
    lake.refine(5, **following)
    assert lake.broken(last=DAY + timedelta(days=1)) == {}


def held(lake: Lake, last: date) -> int:
    """The most bytes that coordinates took in memory."""
    tracemalloc.start()
    try:
        assert not [row for row in sets.set_rows(lake.config, DAY, last) if not row.ok]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_of_several_days_the_coordinates_of_one_are_held(lake: Lake) -> None:
    records, days = 20_000, 6
    for number in range(days):
        since = NOON + timedelta(days=number)
        values: dict[str, object] = {"topico": TOPIC, "particao": 1, "ingerido_em": NOON, "data": since.date()}
        rows = [
            values | {"carimbo_kafka": since, "deslocamento": number * records + one, "cabecalhos": []}
            for one in range(3, records)
        ]
        for contract in (table("bronze.eventos"), table(f"silver.{TOPIC}")):
            lake.write(contract, rows)
    held(lake, DAY)
    assert held(lake, DAY + timedelta(days=days - 1)) < 2 * held(lake, DAY)

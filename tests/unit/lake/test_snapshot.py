"""Rows of a table by conditions: exactly those that fit, out of the files that may hold them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, Schema, write_deltalake

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import table
from acude.lake.commit import BatchWriter, append_once
from acude.lake.data_files import FileWriter, Target
from acude.lake.snapshot import Snapshot
from tests.buckets import Folder

GOLD = table("gold.ao_vivo_pagamentos_por_minuto")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def row(at: datetime, uf: str) -> dict[str, object]:
    return {
        "data": at.date(),
        "hora": at.hour,
        "janela_inicio": at,
        "tipo_pagamento": "pix",
        "operacao": "pagamento",
        "moeda": "BRL",
        "uf": uf,
        "resultado": "aprovar",
        "transacoes": 1,
        "valor": Decimal("1.00"),
        "media": Decimal("1.0000"),
    }


@pytest.fixture
def gold(tmp_path: Path) -> Snapshot:
    """Two hours of one day, each a file, and an hour of the next."""
    for at, uf in ((NOON, "SP"), (NOON + HOUR, "RJ"), (NOON + 24 * HOUR, "AC")):
        rows = pa.Table.from_pylist([row(at, uf), row(at + MINUTE, uf)], arrow_schema(GOLD))
        write_deltalake(str(tmp_path), rows, mode="append", partition_by=GOLD.partition_by)
    return Snapshot(GOLD, DeltaTable(str(tmp_path)))


def test_an_hour_is_found_by_its_partition(gold: Snapshot) -> None:
    found = gold.fitting([[("data", "=", date(2026, 11, 22)), ("hora", "=", 13)]])
    assert found["uf"].to_pylist() == ["RJ", "RJ"]
    assert found.column_names == GOLD.column_names


def test_rows_fit_all_conditions_of_one_of_the_groups(gold: Snapshot) -> None:
    found = gold.fitting(
        [
            [("data", "=", date(2026, 11, 22)), ("janela_inicio", ">=", NOON), ("janela_inicio", "<", NOON + MINUTE)],
            [("data", ">=", date(2026, 11, 23)), ("janela_inicio", ">=", NOON + 24 * HOUR + MINUTE)],
        ],
        ["uf", "janela_inicio"],
    )
    assert sorted(found["uf"].to_pylist()) == ["AC", "SP"]


def test_nothing_fits_where_there_is_nothing(gold: Snapshot) -> None:
    found = gold.fitting([[("data", "=", date(2020, 1, 1))]])
    assert (found.num_rows, found.column_names) == (0, GOLD.column_names)


def test_files_are_described_by_their_first_partition_column(gold: Snapshot) -> None:
    found = gold.described("2026-11-22")
    assert sorted(one.partition["hora"] for one in found) == ["12", "13"]
    assert {(one.table, one.rows, one.partition["data"]) for one in found} == {(GOLD.full_name, 2, "2026-11-22")}
    assert len(gold.described("2026-11-23", "<")) == 2


@pytest.mark.usefixtures("gold")
def test_the_greatest_values_of_a_group_come_from_all_files(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), pa.Table.from_pylist([row(NOON, "RJ")], arrow_schema(GOLD)), mode="append")
    found = Snapshot(GOLD, DeltaTable(str(tmp_path))).greatest(["janela_inicio", "transacoes"], by=["uf", "moeda"])
    assert sorted(found.to_pylist(), key=str) == [
        {"uf": "AC", "moeda": "BRL", "janela_inicio": NOON + 24 * HOUR + MINUTE, "transacoes": 1},
        {"uf": "RJ", "moeda": "BRL", "janela_inicio": NOON + HOUR + MINUTE, "transacoes": 1},
        {"uf": "SP", "moeda": "BRL", "janela_inicio": NOON + MINUTE, "transacoes": 1},
    ]


def test_a_table_without_rows_has_no_greatest_values(tmp_path: Path) -> None:
    DeltaTable.create(str(tmp_path), arrow_schema(GOLD), partition_by=GOLD.partition_by)
    assert Snapshot(GOLD, DeltaTable(str(tmp_path))).greatest(["transacoes"], by=["uf"]).num_rows == 0


def test_rows_are_found_by_a_text_that_is_too_long_for_statistics(tmp_path: Path) -> None:
    (tmp_path / GOLD.prefix / f"data={NOON.date()}" / "hora=12").mkdir(parents=True)
    into = DeltaTable.create(
        str(tmp_path / GOLD.prefix), Schema.from_arrow(arrow_schema(GOLD)), partition_by=GOLD.partition_by
    )
    writer = FileWriter(Target.of(GOLD), Folder(str(tmp_path).lstrip("/"), "none"))
    writer.write(pa.Table.from_pylist([row(NOON, "SP"), row(NOON, "x" * 64)], arrow_schema(GOLD)))
    append_once(into, BatchWriter(), writer.close(), "app", 0)
    (found,) = Snapshot(GOLD, into).where(pc.field("uf") == "x" * 64, ["transacoes"])
    assert found["transacoes"].to_pylist() == [1]

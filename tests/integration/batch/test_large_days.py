"""A day that is too large for one process is audited where its files are read, with the same answers."""

import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from acude.contracts.arrow import arrow_schema
from acude.contracts.model import table
from acude.inbox import files as inbox
from acude.inbox import pieces
from acude.inbox.errors import InboxError
from acude.lake.commit import BatchWriter, append_once
from acude.lake.data_files import nullable, write_rows
from acude.lake.ensure_table import ensure_table
from acude.publishing import in_pieces, staging
from acude.publishing.audit import QualityError, audit
from acude.publishing.publish import publish
from acude.publishing.staging import Staged
from acude.publishing.suites import suite_of
from acude.publishing.totals import Totals
from jobs.batch import audit_published, vendas
from tests.integration.batch.batch_lake import BatchLake, csv_of, own_lake, stage_rows
from tests.sales_file import sales_file

pytestmark = pytest.mark.usefixtures("platform")

DAY = date(2026, 11, 10)
SALES = "silver.vendas"
REFUSED = "silver.quarentena_arquivos"
RECEITA = Decimal("21.0000")


@pytest.fixture(scope="module")
def lake(platform: object) -> Iterator[BatchLake]:  # noqa: ARG001 - the servers have to run
    with own_lake() as found, pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_pieces, "LARGEST", 0)
        found.send(DAY, csv_of(*(line(number) for number in range(1, 5)), line(1)))
        vendas.run(DAY, "r1")
        yield found


def line(number: int) -> str:
    return f"{number},p1,Caneca,2,{DAY} 10:00:00,10.50,u1,SP,BRL"


def staged(lake: BatchLake, *, last: Decimal = RECEITA, copies: int = 1, accepted: int = 4) -> Staged:
    """The published day again, a file per half, with a last receita that may be wrong, and perhaps more than once."""
    contract, rows = table(SALES), lake.rows(SALES, DAY).sort_by("linha")
    changed = rows.to_pylist()
    changed[-1]["receita"] = last
    halves = [rows.slice(0, 2), rows.from_pylist(changed[2:], schema=rows.schema)]
    counted = {"lidas": 5, "aceitas": accepted, "duplicatas": 1, "limite_recusadas": 3}
    one = stage_rows(rows, contract, DAY, "r2", staging.Context(parameters=counted))
    files = [file for _ in range(copies) for half in halves for file in write_rows(half, contract)]
    totals = Totals(contract)
    for half in halves * copies:
        totals.add(half)
    return one.model_copy(update={"files": files, "hash": totals.hash, "sums": totals.sums, "rows": totals.rows})


def test_a_large_day_is_published(lake: BatchLake) -> None:
    found = lake.rows(SALES, DAY)
    assert found.num_rows == 4
    again = staged(lake)
    audit([again], vendas.DERIVED)
    publish(again, None)
    assert lake.rows(SALES, DAY).sort_by("linha") == found.sort_by("linha")


def test_a_large_published_day_is_audited_again_as_a_whole(lake: BatchLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_published, "audited_tables", lambda: [table(SALES)])
    assert audit_published.audit_all(DAY)["tables"][SALES]["rows"] == lake.rows(SALES, DAY).num_rows == 4


def event(number: int, **other: object) -> dict[str, object]:
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    return {
        "id_usuario": "u1", "tipo_evento": "clique", "timestamp": noon, "data": DAY, "topico": "eventos_clientes",
        "particao": 0, "deslocamento": number, "carimbo_kafka": noon, "ingerido_em": noon, "atrasado": False,
        "hash_conteudo": 0, **other,
    }  # fmt: skip


def test_a_streams_day_is_audited_to_its_last_row(lake: BatchLake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lake.keys("silver/vendas")
    contract = table("silver.eventos_clientes")
    monkeypatch.setattr(audit_published, "audited_tables", lambda: [contract])
    into = ensure_table(contract)

    def land(number: int, *events: dict[str, object]) -> None:
        rows = pa.Table.from_pylist(list(events), nullable(arrow_schema(contract)))
        append_once(into, BatchWriter(), write_rows(rows, contract), "teste", number)

    land(1, event(1), event(2))
    land(2, event(3))
    assert audit_published.audit_all(DAY)["tables"][contract.full_name] == {
        "expectations": len(suite_of(contract)), "rows": 3, "hash": "",
    }  # fmt: skip
    land(3, event(4), event(5, tipo_evento="troca"))
    with pytest.raises(QualityError, match=r"1 of 5 rows differ"):
        audit_published.audit_all(DAY)


def as_ranges(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    monkeypatch.setattr(vendas, "_LINES_PER_FILE", 5)
    monkeypatch.setattr(vendas, "_LINES_PER_TASK", 3)


def lines_read(lake: BatchLake, day: date) -> list[tuple[str, int, str]]:
    found = lake.rows(SALES, day).to_pylist()
    return sorted((row["arquivo"], row["linha"], row["descricao"]) for row in found)


@pytest.mark.parametrize("text", ["Caneca", '"Caneca\nazul"'], ids=["lines", "texts with line breaks"])
def test_a_file_that_many_tasks_read_keeps_its_lines_and_their_numbers(
    lake: BatchLake, day: date, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    lines = [line(number).replace("Caneca", text).replace(str(DAY), str(day)) for number in range(30)]
    lake.send(day, csv_of(*lines, lines[3], lines[29]))
    vendas.run(day, "r1")
    expected, repeated = lines_read(lake, day), lake.rows(REFUSED, day).column("linha").to_pylist()
    as_ranges(100, monkeypatch)
    vendas.run(day, "r2")
    assert len(expected) == 30
    assert lines_read(lake, day) == expected
    assert sorted(lake.rows(REFUSED, day).column("linha").to_pylist()) == sorted(repeated)


def test_a_fault_in_a_file_that_many_tasks_read_is_told_by_its_place(
    lake: BatchLake, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_ranges(100, monkeypatch)
    key = lake.send(day, csv_of(*(line(number) for number in range(30)), "1,2"))
    with pytest.raises(InboxError) as caught:
        vendas.run(day, "r1")
    assert (caught.value.file, caught.value.line, caught.value.column) == (key, 32, "descricao")


def test_parts_of_every_form_are_one_day(lake: BatchLake, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    as_ranges(400, monkeypatch)
    made = [line(number).replace(str(DAY), str(day)) for number in range(40)]
    sales = [
        (
            str(n),
            "p1",
            "Caneca",
            2,
            datetime(day.year, day.month, day.day, 10, tzinfo=UTC),
            Decimal("10.5"),
            "u1",
            "SP",
            "BRL",
        )
        for n in range(40, 50)
    ]
    for name, content in (
        ("part-1.csv", csv_of(*made[:20])),
        ("part-2.csv.gz", gzip.compress(csv_of(*made[20:]))),
        ("part-3.parquet", sales_file(sales)),
        ("_SUCCESS", b""),
    ):
        lake.s3.put_object(Bucket=lake.inbox, Key=f"vendas/loja/{day}/{name}", Body=content)
    found = vendas.run(day, "r1")
    assert [key.rsplit("/", 1)[1] for key in found["files"]] == ["part-1.csv", "part-2.csv.gz", "part-3.parquet"]
    assert found["tables"][SALES]["rows"] == 50
    lake.s3.put_object(Bucket=lake.inbox, Key=f"vendas/loja/{day}/part-4.csv", Body=csv_of(*made[:20]))
    with pytest.raises(InboxError, match=r"part-4.csv.*found the content of vendas/loja/.*/part-1.csv"):
        vendas.run(day, "r2")
    assert inbox.changed_days(day, day) == []
    lake.withdraw(f"vendas/loja/{day}/part-1.csv")
    assert inbox.changed_days(day, day) == [day]


def test_a_broken_row_in_one_of_its_files_refuses_it(lake: BatchLake) -> None:
    with pytest.raises(QualityError, match="receita is quantidade times preco, exactly: 1 of 4 rows differ"):
        audit([staged(lake, last=Decimal("21.0001"))], vendas.DERIVED)


def test_the_rows_of_all_its_files_are_counted(lake: BatchLake) -> None:
    with pytest.raises(QualityError, match="every line of the files is a sale"):
        audit([staged(lake, accepted=5)], vendas.DERIVED)


def test_a_line_that_is_in_two_files_is_found(lake: BatchLake) -> None:
    with pytest.raises(QualityError, match="a line of a file is there once: 4 keys are there more than once"):
        audit([staged(lake, copies=2, accepted=8)], vendas.DERIVED)

"""A day that is too large for one process is audited where its files are read, with the same answers."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from acude.contracts.model import table
from acude.lake.data_files import write_rows
from acude.publishing import in_pieces, staging
from acude.publishing.audit import QualityError, audit
from acude.publishing.publish import publish
from acude.publishing.staging import Staged
from acude.publishing.totals import Totals
from jobs.batch import audit_published, vendas
from tests.integration.batch.batch_lake import BatchLake, csv_of, own_lake, stage_rows

pytestmark = pytest.mark.usefixtures("platform")

DAY = date(2026, 11, 10)
SALES = "silver.vendas"
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


def test_a_broken_row_in_one_of_its_files_refuses_it(lake: BatchLake) -> None:
    with pytest.raises(QualityError, match="receita is quantidade times preco, exactly: 1 of 4 rows differ"):
        audit([staged(lake, last=Decimal("21.0001"))], vendas.DERIVED)


def test_the_rows_of_all_its_files_are_counted(lake: BatchLake) -> None:
    with pytest.raises(QualityError, match="every line of the files is a sale"):
        audit([staged(lake, accepted=5)], vendas.DERIVED)


def test_a_line_that_is_in_two_files_is_found(lake: BatchLake) -> None:
    with pytest.raises(QualityError, match="a line of a file is there once: 4 keys are there more than once"):
        audit([staged(lake, copies=2, accepted=8)], vendas.DERIVED)

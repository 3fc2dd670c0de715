"""What shows that a day was rebuilt: its rows, and whose files were touched."""

from datetime import UTC, date, datetime

import pytest

from acude.demo.shop_properties import MartState, compared

DAY = date(2026, 1, 5)
REGIONS, MONTH = "gold.vendas_por_regiao", "gold.receita_mensal"


def state(hash_: str, *files: str) -> MartState:
    return MartState(hash_, frozenset(files))


def test_a_rebuilt_day_has_the_same_rows_in_other_files_of_its_own() -> None:
    before = {
        REGIONS: state("a", "data=2026-01-04/1", "data=2026-01-05/1"),
        MONTH: state("m", "mes=2025-12/1", "mes=2026-01/1"),
    }
    after = {
        REGIONS: state("a", "data=2026-01-04/1", "data=2026-01-05/2"),
        MONTH: state("m", "mes=2025-12/1", "mes=2026-01/2"),
    }
    assert compared(before, after, DAY) == ([], 4, [])


@pytest.mark.parametrize("name", [REGIONS, MONTH])
def test_other_rows_are_noticed_in_every_mart(name: str) -> None:
    before = {one: state("a") for one in (REGIONS, MONTH)}
    assert compared(before, before | {name: state("b")}, DAY).changed == [name]


@pytest.mark.parametrize(
    ("name", "path"), [(REGIONS, "data=2026-01-04/2"), (MONTH, "mes=2025-12/2"), (REGIONS, "mes=2026-01/2")]
)
def test_a_file_of_another_day_or_month_is_noticed_whether_it_came_or_went(name: str, path: str) -> None:
    without, beside = {name: state("a")}, {name: state("a", path)}
    assert compared(without, beside, DAY).others == [path]
    assert compared(beside, without, DAY).others == [path]


def test_the_live_shop_may_make_todays_marts_meanwhile() -> None:
    today = datetime.now(UTC).date()
    found = compared({REGIONS: state("a")}, {REGIONS: state("a", f"data={today}/1")}, DAY)
    assert (found.touched, found.others) == (1, [])

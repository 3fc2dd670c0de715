from datetime import date
from pathlib import Path

import pytest

from acude.inbox.errors import UploadError
from acude.inbox.upload import daily_files, slug


def folder(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_bytes(b"id_pedido\n")
    return tmp_path


def test_the_day_is_the_one_in_the_name_wherever_it_stands(tmp_path: Path) -> None:
    files = daily_files(folder(tmp_path, "2026-11-03.parquet", "vendas_2026-11-01.csv", "x-2026-11-02-final.csv.gz"))
    assert [(str(file.day), file.suffix) for file in files] == [
        ("2026-11-01", "csv"),
        ("2026-11-02", "csv.gz"),
        ("2026-11-03", "parquet"),
    ]
    assert files[1].key("atacado") == "vendas/atacado/2026-11-02.csv.gz"


def test_only_the_days_asked_for_are_taken_both_ends_included(tmp_path: Path) -> None:
    here = folder(tmp_path, *(f"2026-11-{day:02d}.csv" for day in range(1, 6)))
    chosen = daily_files(here, date(2026, 11, 2), date(2026, 11, 4))
    assert [file.day.day for file in chosen] == [2, 3, 4]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    assert len(daily_files(folder(tmp_path, "2026-11-01.csv", "verdade.json", "README.md", "2026-11-02.csv.tmp"))) == 1


@pytest.mark.parametrize("name", ["vendas.csv", "2026-13-01.csv", "12026-11-011.csv", "2026-11-01_2026-11-02.csv"])
def test_a_name_without_one_real_day_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UploadError, match="Expected one day as YYYY-MM-DD") as refusal:
        daily_files(folder(tmp_path, name))
    assert name in str(refusal.value)


def test_two_files_of_a_day_are_refused_by_their_names(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match=r"2026-11-01.*both of 2026-11-01") as refusal:
        daily_files(folder(tmp_path, "2026-11-01.csv", "2026-11-01.csv.gz"))
    assert "2026-11-01.csv and 2026-11-01.csv.gz" in refusal.value.found


def parts(tmp_path: Path, day: str, *names: str) -> Path:
    (tmp_path / day).mkdir()
    folder(tmp_path / day, *names)
    return tmp_path


def test_a_folder_of_a_day_holds_its_parts(tmp_path: Path) -> None:
    parts(tmp_path, "2026-11-01", "part-2.PARQUET", "part-1.csv", "_SUCCESS", "notes.csv")
    parts(tmp_path, "outros", "part-1.csv")
    files = daily_files(folder(tmp_path, "2026-11-02.csv"))
    assert [file.key("loja") for file in files] == [
        "vendas/loja/2026-11-01/part-1.csv",
        "vendas/loja/2026-11-01/part-2.parquet",
        "vendas/loja/2026-11-02.csv",
    ]


def test_a_file_beside_the_parts_of_its_day_is_refused(tmp_path: Path) -> None:
    parts(tmp_path, "2026-11-01", "part-1.csv")
    with pytest.raises(UploadError, match=r"both of 2026-11-01"):
        daily_files(folder(tmp_path, "2026-11-01.csv"))


def test_a_folder_without_sales_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="there is none"):
        daily_files(folder(tmp_path, "README.md"))
    with pytest.raises(UploadError, match="is none"):
        daily_files(tmp_path / "nowhere")


def test_a_source_name_becomes_a_part_of_a_key() -> None:
    assert slug("Online Retail") == "online-retail"
    assert slug("São João/2026") == "sao-joao-2026"

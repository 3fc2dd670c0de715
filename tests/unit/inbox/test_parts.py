"""A day of one source is a file, or parts in a folder of the day."""

from datetime import date

import pytest

from acude.inbox import files
from acude.inbox.errors import InboxError
from tests.buckets import MemoryBucket

DAY = date(2026, 11, 28)


@pytest.fixture
def inbox(bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch) -> MemoryBucket:
    monkeypatch.setattr(files, "origins", lambda *_: ["loja"])
    return bucket


def send(inbox: MemoryBucket, *names: str) -> None:
    for name in names:
        inbox.put_object(Key=f"vendas/loja/{name}", Body=name.encode())


def test_parts_of_any_form_are_the_days_files(inbox: MemoryBucket) -> None:
    send(inbox, f"{DAY}/part-00000-1f2e.c000.snappy.parquet", f"{DAY}/part-1.csv", f"{DAY}/part-2.csv.gz")
    send(inbox, f"{DAY}/_SUCCESS", f"{DAY}/.part-1.csv.crc", "2026-11-29/part-1.csv")
    found = files.files_of(DAY)
    assert [(one.format, one.size) for one in found] == [("parquet", 46), ("csv", 21), ("csv.gz", 24)]
    assert {one.origin for one in found} == {"loja"}


@pytest.mark.parametrize(
    "names", [(f"{DAY}.csv", f"{DAY}/part-1.csv"), (f"{DAY}.csv", f"{DAY}.csv.gz")], ids=["parts", "another form"]
)
def test_a_file_of_the_day_has_nothing_beside_it(inbox: MemoryBucket, names: tuple[str, ...]) -> None:
    send(inbox, *names)
    with pytest.raises(InboxError, match=rf"one file per origin and day, or parts of it.*found vendas/loja/{DAY}.csv"):
        files.files_of(DAY)


@pytest.mark.parametrize(
    "name", ["1.csv", "part-1.txt", "part-.csv/x.csv", "part-1.CSV", "more/part-1.csv", "part-é.csv"]
)
def test_another_name_in_the_days_folder_is_refused(inbox: MemoryBucket, name: str) -> None:
    send(inbox, f"{DAY}/{name}")
    with pytest.raises(InboxError, match="<YYYY-MM-DD>/part-<number>"):
        files.files_of(DAY)


def test_a_part_that_is_added_or_replaced_is_noticed(inbox: MemoryBucket) -> None:
    send(inbox, f"{DAY}/part-1.csv")
    seen = files.files_of(DAY)
    files.assert_unchanged(DAY, seen)
    send(inbox, f"{DAY}/part-2.csv")
    with pytest.raises(InboxError, match=r"part-2.csv.*it changed meanwhile"):
        files.assert_unchanged(DAY, seen)


def test_a_day_whose_parts_are_others_now_should_run_again(inbox: MemoryBucket) -> None:
    send(inbox, f"{DAY}/part-1.csv", f"{DAY}/_SUCCESS", "2026-11-27.csv", "2026-11-29.csv")
    files.remember(DAY, files.files_of(DAY), "r", published=True)
    assert files.changed_days(DAY, DAY) == []
    send(inbox, f"{DAY}/part-2.csv")
    assert files.changed_days(DAY, DAY) == [DAY]
    assert list(files.listed("vendas/loja/", DAY, DAY)) == [
        f"vendas/loja/{DAY}/part-1.csv",
        f"vendas/loja/{DAY}/part-2.csv",
    ]

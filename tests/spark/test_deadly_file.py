"""A day with a file that ends a Python worker is refused by that file's name, as for every other broken file."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from pyspark.sql import SparkSession

from acude.inbox import lines
from acude.inbox.errors import InboxError
from acude.inbox.files import InboxFile
from acude.inbox.lines import lines_of
from acude.settings import Settings
from tests.inbox_folder import ETAG, Folder
from tests.sales_file import sales_file
from tests.unit.inbox.test_parquet import SALE

KEYED = Settings(document_key=SecretStr("a key for documents' tokens"))


def listed(folder: Path, *names: str) -> list[InboxFile]:
    for number, name in enumerate(names, start=1):
        (folder / name).write_bytes(sales_file([SALE] * number))
    return [InboxFile(name, "loja", "parquet", ETAG) for name in names]


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is the inbox."""
    monkeypatch.setattr(lines, "object_store", lambda _, __: Folder(str(tmp_path)))
    return tmp_path


def test_the_day_is_refused_by_the_files_name(spark: SparkSession, inbox: Path) -> None:
    files = listed(inbox, "part-1.parquet", "part-2-deadly.parquet")
    with (
        pytest.raises(InboxError, match=r"part-2-deadly\.parquet: .*ends the process that reads it"),
        lines_of(spark, files, KEYED),
    ):
        pass


def test_the_next_day_is_read(spark: SparkSession, inbox: Path) -> None:
    with lines_of(spark, listed(inbox, "part-1.parquet", "part-2.parquet"), KEYED) as read:
        assert read.number == 3


def test_a_crash_that_no_file_caused_stays_what_it_was(
    spark: SparkSession, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "deadly_file", lambda *_: None)
    with (
        pytest.raises(Exception, match="Python worker exited unexpectedly"),
        lines_of(spark, listed(inbox, "part-1-deadly.parquet"), KEYED),
    ):
        pass

"""Large files whose ranges cut a text in two: the day is read a second time, and not once more for each of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import SecretStr
from pyspark.sql import SparkSession

from acude.inbox import lines, pieces
from acude.inbox.errors import InboxError
from acude.inbox.files import InboxFile
from acude.inbox.layout import RETAIL
from acude.inbox.lines import lines_of
from acude.settings import Settings
from tests.inbox_folder import ETAG, Folder

KEYED = Settings(document_key=SecretStr("a key for documents' tokens"))
SMALL, PLAIN = 200, "part-0.csv"


@dataclass(frozen=True)
class _Counted:
    opened: Path
    files: Any

    def open_input_file(self, path: str) -> pa.NativeFile:
        with self.opened.open("a") as log:
            log.write(f"{Path(path).name}\n")
        return self.files.open_input_file(path)


@dataclass(frozen=True)
class CountedFolder(Folder):
    """Writes down which files are opened."""

    opened: Path = Path()

    def filesystem(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        return _Counted(self.opened, super().filesystem())


@dataclass
class Inbox:
    folder: Path
    opened: Path

    def put(self, name: str, description: str, *, end: str = "") -> InboxFile:
        sale = f'536365,85123A,"{description}",6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n'
        content = f"{','.join(RETAIL)}\n{sale}{end}".encode()
        (self.folder / name).write_bytes(content)
        return InboxFile(name, "loja", "csv", ETAG, len(content))


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """A folder that is the inbox; files of more than `SMALL` bytes are divided."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", SMALL)
    found = Inbox(tmp_path / "inbox", tmp_path / "opened")
    found.folder.mkdir()
    monkeypatch.setattr(lines, "object_store", lambda _, __: CountedFolder(str(found.folder), opened=found.opened))
    return found


def test_a_day_is_read_twice_however_many_files_break_lines_in_texts(spark: SparkSession, inbox: Inbox) -> None:
    broken = [inbox.put(f"part-{number}.csv", f"{number}\n" * SMALL) for number in range(1, 5)]
    with lines_of(spark, [inbox.put(PLAIN, "lamp"), *broken], KEYED) as read:
        assert read.number == 5
        assert {row.arquivo for row in read.frame.collect()} == {PLAIN, *(file.key for file in broken)}
    assert inbox.opened.read_text().split().count(PLAIN) == 2


def test_of_several_faults_the_first_files_is_told(spark: SparkSession, inbox: Inbox) -> None:
    files = [
        inbox.put("part-1.csv", "x\n" * SMALL),
        inbox.put("part-2.csv", "y\n" * SMALL, end="a,b\n"),
        inbox.put("part-3.csv", "lamp", end="a,b\n"),
    ]
    with pytest.raises(InboxError, match=r"part-2\.csv"), lines_of(spark, files, KEYED):
        pass

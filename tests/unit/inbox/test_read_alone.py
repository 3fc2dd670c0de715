"""A file that ends the process that reads it is found by reading each in a process of its own."""

from pathlib import Path

import pytest

from acude.inbox.files import InboxFile
from acude.inbox.read_alone import deadly_file, is_crash
from tests.inbox_folder import ETAG, Folder
from tests.sales_file import sales_file
from tests.unit.inbox.test_parquet import SALE


def with_fewer_levels(content: bytes) -> bytes:
    """The schema says that a column has no nulls; its statistics still count them: pyarrow's own metadata aborts."""
    found = content.replace(b"\x25\x02\x18\x09id_pedido", b"\x25\x00\x18\x09id_pedido")
    assert found != content
    return found


def put(folder: Path, **contents: bytes) -> list[InboxFile]:
    for name, content in contents.items():
        (folder / f"{name.replace('_', '-')}.parquet").write_bytes(content)
    return [InboxFile(path.name, "loja", "parquet", ETAG, path.stat().st_size) for path in sorted(folder.iterdir())]


def test_the_file_that_ends_its_reader_is_refused_by_name(tmp_path: Path) -> None:
    whole = sales_file([SALE])
    refusal = deadly_file(Folder(str(tmp_path)), put(tmp_path, a=whole, b_deadly=whole, c=whole))
    assert refusal is not None
    assert str(refusal).startswith(
        "b-deadly.parquet: expected a whole Parquet file, found one that ends the process that reads it (SIGABRT)"
    )


def test_a_damaged_footer_ends_no_reader(tmp_path: Path) -> None:
    damaged = with_fewer_levels(sales_file([SALE]))
    refusal = deadly_file(Folder(str(tmp_path)), put(tmp_path, a=damaged))
    assert refusal is not None
    assert refusal.found.startswith("a damaged one (Definition level histogram size mismatch")


def test_files_that_can_be_read_are_none_of_them(tmp_path: Path) -> None:
    whole = sales_file([SALE])
    assert deadly_file(Folder(str(tmp_path)), put(tmp_path, a=whole, b=whole)) is None


def test_a_file_that_changed_meanwhile_is_told_so(tmp_path: Path) -> None:
    gone = InboxFile("gone.parquet", "loja", "parquet", ETAG)
    refusal = deadly_file(Folder(str(tmp_path)), [gone])
    assert refusal is not None
    assert refusal.file == "gone.parquet"
    assert "changed meanwhile" in refusal.found


@pytest.mark.parametrize(
    ("told", "crash"),
    [("SparkException: Python worker exited unexpectedly (crashed)", True), ("the disk is full", False)],
)
def test_only_a_process_that_is_gone_is_a_crash(told: str, *, crash: bool) -> None:
    assert is_crash(RuntimeError(told)) is crash

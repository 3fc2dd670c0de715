"""Results are read back page by page, wherever a block of bytes happens to end."""

from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from hypothesis import given
from hypothesis import strategies as st

from acude.athena import result_files
from acude.athena.errors import ApiError
from acude.athena.result_files import ResultFiles
from acude.athena.results import Texts

Rows = list[Texts]
COLUMNS = [{"Name": "a"}, {"Name": 'b"'}]
TEXTS = st.one_of(st.none(), st.text(alphabet=st.sampled_from('",\n\r\\a; é☕'), max_size=6))


class Store:
    """One object in memory, read by ranges as S3 does."""

    def __init__(self) -> None:
        self.body = b""
        self.refuses = ""

    def upload_fileobj(self, file: Any, *_: object, **__: object) -> None:  # noqa: ANN401
        self.body = file.read()

    def put_object(self, **_: object) -> None: ...

    def get_object(self, *, Range: str, **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses}}, "GetObject")
        first = int(Range.removeprefix("bytes=").removesuffix("-"))
        if first >= len(self.body):
            raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")
        return {"Body": StreamingBody(BytesIO(self.body[first:]), len(self.body) - first)}


def read(rows: Rows, block: int, page: int) -> Rows:
    files, offset, found = ResultFiles(Store(), "b"), 0, []  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result_files, "_BLOCK", block)
        assert files.write_rows("s3://b/x.csv", COLUMNS, rows, csv=True) == len(rows)
        while True:
            part, after = files.page("s3://b/x.csv", offset, page, csv=True)
            found += part
            if after is None:
                return found
            assert len(part) == page
            offset = after


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=6), st.integers(1, 20), st.integers(1, 4))
def test_what_was_written_is_read(rows: Rows, block: int, page: int) -> None:
    assert read(rows, block, page) == [["a", 'b"'], *rows]


def test_a_page_of_long_rows_has_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_files, "_LONGEST_PAGE", 100)
    files = ResultFiles(Store(), "b")  # type: ignore[arg-type]
    files.write_rows("s3://b/x.csv", COLUMNS[:1], [["x" * 70], ["y" * 70], ["z" * 500]], csv=True)
    first, after = files.page("s3://b/x.csv", 0, 1000, csv=True)
    assert (first, after) == ([["a"], ["x" * 70], ["y" * 70]], 4 + 2 * 73)
    assert files.page("s3://b/x.csv", after or 0, 1000, csv=True) == ([["z" * 500]], None)


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("s3://b/", True),
        ("s3://b/a/b/", True),
        ("s3://b", False),
        ("s3://bc/", False),
        ("s3://b/../c/", False),
        ("s3://b/a/./c", False),
        ("https://b/", False),
        ("", False),
    ],
)
def test_an_address_lies_in_the_bucket_or_not(address: str, *, held: bool) -> None:
    assert ResultFiles(Store(), "b").holds(address) is held  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "error"), [("NoSuchKey", ApiError), ("AccessDenied", ClientError), ("503", ClientError)]
)
def test_only_a_result_that_is_gone_is_said_to_be_gone(code: str, error: type[Exception]) -> None:
    store = Store()
    store.refuses = code
    with pytest.raises(error):
        ResultFiles(store, "b").page("s3://b/x.csv", 0, 1, csv=True)  # type: ignore[arg-type]

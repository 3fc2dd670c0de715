"""Results on S3: written while they come, read page by page. Nothing of them is kept here."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import orjson
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from acude.athena.results import Json, Texts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART = 8 * 1024 * 1024
_ONE_BY_ONE = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART, use_threads=False)
"""A part is in memory while it is sent, and the next one after it."""
_ROWS = 1000
_BLOCK = 256 * 1024
_CSV_ROW = re.compile(rb'((?:"(?:[^"]|"")*+"|[^"\n])*+)\n')
_TEXT_ROW = re.compile(rb"([^\n]*)\n")
_CSV_VALUE = re.compile(r'(?:"((?:[^"]|"")*)"|)(?:,|$)')


class ResultFiles:
    """The files of the results bucket.

    Args:
        s3: Its client.
        bucket: The results bucket.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def holds(self, address: str) -> bool:
        """Whether an address lies in the results bucket."""
        bucket, slash, key = address.removeprefix("s3://").partition("/")
        return bool(
            address.startswith("s3://") and bucket == self.bucket and slash and not {".", ".."} & {*key.split("/")}
        )

    def write_rows(self, address: str, columns: list[Json], rows: Iterable[Texts], *, header: bool) -> int:
        """Writes a result and its metadata; a result that breaks off leaves no file.

        Args:
            address: Where.
            columns: Entries of ResultSetMetadata.
            rows: Read once.
            header: Whether it is CSV whose first line names the columns; otherwise lines of text.

        Returns:
            How many rows there were.
        """
        counted = _Counted(rows)
        body = _Stream(_lines(columns, counted, header=header))
        self._s3.upload_fileobj(body, self.bucket, self._key(address), Config=_ONE_BY_ONE)  # type: ignore[arg-type]
        metadata = orjson.dumps({"ResultSetMetadata": {"ColumnInfo": columns}})
        self._s3.put_object(Bucket=self.bucket, Key=f"{self._key(address)}.metadata", Body=metadata)
        return counted.count

    def write_manifest(self, address: str, files: list[str]) -> None:
        """Writes the list of files that a statement made."""
        self._s3.put_object(Bucket=self.bucket, Key=self._key(address), Body="".join(f"{f}\n" for f in files).encode())

    def listed(self, location: str, most: int | None = None) -> list[str]:
        """Addresses of the files below a location, the first ones where ``most`` is given."""
        prefix = self._key(location.rstrip("/") + "/")
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = (each["Key"] for page in pages for each in page.get("Contents", []))
        return [f"s3://{self.bucket}/{key}" for key in islice(keys, most)]

    def page(self, address: str, offset: int, count: int, *, csv: bool) -> tuple[list[Texts], int | None]:
        """Rows from a byte on, and where the next ones begin; None after the last.

        Raises:
            ValueError: The file ends before that byte, or is gone.
        """
        pattern = _CSV_ROW if csv else _TEXT_ROW
        found: list[Texts] = []
        block, at, begin, complete = b"", 0, offset, False
        while True:
            match = pattern.match(block, at)
            if match and len(found) == count:
                return found, begin + at
            if match:
                line = match[1].decode()
                found.append(_values(line) if csv else [line])
                at = match.end()
            elif complete:
                return found, None
            else:
                begin, block, at = begin + at, block[at:], 0
                more, complete = self._read(address, begin + len(block), max(_BLOCK, len(block)))
                block += more

    def _read(self, address: str, start: int, size: int) -> tuple[bytes, bool]:
        """Bytes of a file, and whether they are its last."""
        try:
            answer = self._s3.get_object(
                Bucket=self.bucket, Key=self._key(address), Range=f"bytes={start}-{start + size - 1}"
            )
        except ClientError as error:
            if start == 0 and error.response["Error"]["Code"] == "InvalidRange":
                return b"", True
            raise ValueError(f"Could not find results at {address}, byte {start}") from error
        found = answer["Body"].read()
        return found, start + len(found) >= int(answer.get("ContentRange", f"/{len(found)}").rpartition("/")[2])

    def _key(self, address: str) -> str:
        return address.removeprefix(f"s3://{self.bucket}/")


class _Counted:
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterable[Texts]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Texts]:
        for row in self._rows:
            self.count += 1
            yield row


class _Stream:
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes; fewer only at the end."""
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            length += len(chunk)
        whole = b"".join(parts)
        end = len(whole) if size < 0 else size
        self._rest = whole[end:]
        return whole[:end]


def _lines(columns: list[Json], rows: Iterable[Texts], *, header: bool) -> Iterator[bytes]:
    if header:
        yield _csv_line([column["Name"] for column in columns]).encode()
    line = _csv_line if header else _text_line
    read = iter(rows)
    while batch := list(islice(read, _ROWS)):
        yield "".join(map(line, batch)).encode(errors="replace")


def _csv_line(values: Texts) -> str:
    """A line of Athena's CSV: every value in quotes, null without any."""
    return ",".join(["" if value is None else '"' + value.replace('"', '""') + '"' for value in values]) + "\n"


def _text_line(values: Texts) -> str:
    return "\t".join(value or "" for value in values) + "\n"


def _values(line: str) -> Texts:
    """The values of a line of Athena's CSV.

    >>> _values('"a","b""c",,"d"')
    ['a', 'b"c', None, 'd']
    """
    found: Texts = []
    at = 0
    while True:
        match = _CSV_VALUE.match(line, at)
        if match is None:
            raise ValueError("Invalid NextToken")
        found.append(None if match[1] is None else match[1].replace('""', '"'))
        at = match.end()
        if at == len(line) and not line[match.start() : at].endswith(","):
            return found

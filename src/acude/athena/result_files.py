"""Results on S3: written once the engine has given all rows, read page by page. Nothing of them is kept here."""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from acude.athena.errors import ApiError
from acude.athena.model import Json, response
from acude.athena.results import Texts
from acude.aws import is_missing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART = 8 * 1024 * 1024
_ONE_BY_ONE = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART, use_threads=False)
_BLOCK = 64 * 1024
_LONGEST_PAGE = 4 * 1024 * 1024
"""Bytes of a page, but for its last row: as JSON they take many times that."""

_VALUE = re.compile(r'(?:^|,)(?:"((?:[^"]|"")*)")?')


class ResultFiles:
    """The files of the results bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def holds(self, address: str) -> bool:
        """Whether an address lies in the results bucket."""
        inside, key = address.startswith(f"s3://{self.bucket}/"), self._key(address)
        return inside and not {".", ".."} & {*key.split("/")}

    def write(self, address: str, body: bytes) -> None:
        """Writes a small file."""
        self._s3.put_object(Bucket=self.bucket, Key=self._key(address), Body=body)

    def write_rows(self, address: str, columns: list[Json], rows: Iterable[Texts], *, csv: bool) -> int:
        """Writes a result and its metadata; rows that break off leave no file.

        Args:
            address: Where.
            columns: Entries of ResultSetMetadata.
            rows: Read once.
            csv: Whether it is CSV whose first line names the columns; otherwise lines of text.

        Returns:
            How many rows there were.
        """
        count = 0
        # More than a part is on the disk until it is sent.
        with SpooledTemporaryFile(_PART) as file:
            if csv:
                file.write(_csv_line([column["Name"] for column in columns]))
            line = _csv_line if csv else _text_line
            for count, row in enumerate(rows, 1):  # noqa: B007 - the last one counts
                file.write(line(row))
            file.seek(0)
            self._s3.upload_fileobj(file, self.bucket, self._key(address), Config=_ONE_BY_ONE)
        self.write(f"{address}.metadata", response({"ResultSetMetadata": {"ColumnInfo": columns}}))
        return count

    def listed(self, location: str) -> list[str]:
        """Addresses of the files below a location."""
        prefix = self._key(location.rstrip("/") + "/")
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = (each["Key"] for page in pages for each in page.get("Contents", []))
        return [f"s3://{self.bucket}/{key}" for key in keys]

    def page(self, address: str, offset: int, count: int, *, csv: bool) -> tuple[list[Texts], int | None]:
        """Rows from a byte on, fewer than asked for where they are long, and where the next begin; None after the last.

        Raises:
            ApiError: The file ends before that byte, or is gone.
            ClientError: S3 is away, or refuses.
        """
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=self._key(address), Range=f"bytes={offset}-")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if offset == 0 and code == "InvalidRange":
                return [], None
            if code != "InvalidRange" and not is_missing(error):
                raise
            raise ApiError(f"Could not find results at {address}, byte {offset}") from error
        found: list[Texts] = []
        end = offset + _LONGEST_PAGE
        with closing(answer["Body"]) as body:
            lines = body.iter_lines(_BLOCK, keepends=True)
            for line in _records(lines) if csv else lines:
                if len(found) == count or offset >= end:
                    return found, offset
                text = line.decode().removesuffix("\n")
                found.append(_values(text) if csv else [text])
                offset += len(line)
        return found, None

    def _key(self, address: str) -> str:
        return address.removeprefix(f"s3://{self.bucket}/")


def _csv_line(values: Texts) -> bytes:
    """A line of Athena's CSV: every value in quotes, null without any."""
    shown = ["" if value is None else '"' + value.replace('"', '""') + '"' for value in values]
    return (",".join(shown) + "\n").encode(errors="replace")


def _text_line(values: Texts) -> bytes:
    return ("\t".join(value or "" for value in values) + "\n").encode(errors="replace")


def _records(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of a CSV file, put together where a value has more than one line: a row has an even number of quotes."""
    parts: list[bytes] = []
    quotes = 0
    for line in lines:
        parts.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(parts)
            parts, quotes = [], 0


def _values(line: str) -> Texts:
    """The values of a row of Athena's CSV.

    >>> _values('"a","b""c",,"d"')
    ['a', 'b"c', None, 'd']
    """
    return [None if each[1] is None else each[1].replace('""', '"') for each in _VALUE.finditer(line)]

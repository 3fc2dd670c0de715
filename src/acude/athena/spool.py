"""A result's rows on local disk, for paging, and its files on S3."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from acude.athena.results import csv_line

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from acude.athena.runner import Answer

Texts = list[str | None]


class Spool:
    """One result: a file of JSON lines and the CSV that goes to S3.

    Args:
        folder: Its own directory.
        columns: Entries of ResultSetMetadata.
        header: Whether the first row names the columns.
    """

    def __init__(self, folder: Path, columns: list[dict[str, Any]], *, header: bool) -> None:
        self.folder = folder
        self.columns = columns
        self.header = header
        self.rows = 0
        folder.mkdir(parents=True)

    @property
    def csv(self) -> Path:
        """The result file as S3 gets it."""
        return self.folder / "result"

    def fill(self, rows: Iterable[Texts]) -> None:
        """Writes all rows."""
        names: Texts = [column["Name"] for column in self.columns]
        with (self.folder / "rows").open("wb") as lines, self.csv.open("w", encoding="utf-8", newline="") as csv:
            if self.header:
                lines.write(orjson.dumps(names) + b"\n")
                csv.write(csv_line(names))
            for row in rows:
                self.rows += 1
                lines.write(orjson.dumps(row) + b"\n")
                csv.write(csv_line(row) if self.header else "\t".join(value or "" for value in row) + "\n")

    def page(self, offset: int, count: int) -> tuple[list[Texts], int | None]:
        """So many rows from a byte offset, and the next page's offset."""
        found: list[Texts] = []
        with (self.folder / "rows").open("rb") as lines:
            lines.seek(offset)
            for _ in range(count):
                line = lines.readline()
                if not line:
                    return found, None
                found.append(orjson.loads(line))
            after = lines.tell()
            return found, after if lines.readline() else None

    def remove(self) -> None:
        """Deletes it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def split_address(address: str) -> tuple[str, str]:
    """``s3://bucket/key`` as bucket and key."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def write_results(s3: "S3Client", output: str, manifest: str, spool: Spool, answer: "Answer") -> None:
    """Puts a result's files on S3: the rows, or for CTAS and UNLOAD the list of files."""
    if answer.sub in {"CREATE_TABLE_AS_SELECT", "UNLOAD"}:
        bucket, key = split_address(manifest)
        s3.put_object(Bucket=bucket, Key=key, Body="".join(f"{file}\n" for file in answer.files).encode())
        return
    bucket, key = split_address(output)
    s3.upload_file(str(spool.csv), bucket, key)
    metadata = orjson.dumps({"ResultSetMetadata": {"ColumnInfo": spool.columns}})
    s3.put_object(Bucket=bucket, Key=f"{key}.metadata", Body=metadata)

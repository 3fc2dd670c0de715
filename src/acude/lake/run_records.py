"""What the batch remembers about a day outside its tables: small JSON objects under `_controle/`.

One publication per table and day says which rows are visible and what they were made from; one inbox record per day
says which files they came from. Both are read by key or by a bounded listing, so that their number costs nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from acude import aws
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Kind = TypeVar("Kind", bound=BaseModel)
_MISSING = {"NoSuchKey", "404", "NotFound"}
_CONFLICT = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


class Record(BaseModel):
    """Base of everything that is kept as JSON on S3."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Publication(Record):
    """The rows of one table and day that are visible.

    `sums` holds, by currency, `receita`, `quantidade` and `linhas` as text; `sources` the content hash of each table
    that was read; `expected` and `parameters` are what the suite asked for, so that the rows can be audited again.
    """

    table: str
    day: date
    run_id: str
    rows: int
    hash: str
    version: int = Field(description="Delta version")
    published_at: datetime
    sums: dict[str, dict[str, str]] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    expected: dict[str, dict[str, str]] | None = None
    parameters: dict[str, int | str] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)


class InboxRecord(Record):
    """The files that a day's last run saw, by key: their ETags. `published` is False where the run refused them."""

    day: date
    run_id: str
    files: dict[str, str]
    published: bool


def s3(config: Settings | None = None) -> "S3Client":
    """The S3 client of the process, or of other settings: making one costs more than most of the calls."""
    return _client(config or settings())


@lru_cache(maxsize=2)
def _client(config: Settings) -> "S3Client":
    return aws.s3(config)


def publication_key(table: str, day: date) -> str:
    """Where a publication lies in the lake's bucket."""
    return f"_controle/publicado/{table}/{day}.json"


def inbox_key(day: date) -> str:
    """Where a day's inbox record lies in the lake's bucket."""
    return f"_controle/inbox/{day}.json"


def is_missing(problem: ClientError) -> bool:
    """Whether S3 says that there is no such object, and not that it is away or that nobody may look."""
    return problem.response["Error"]["Code"] in _MISSING


def put(key: str, record: BaseModel) -> None:
    """Writes a record into the lake's bucket."""
    _put(key, record)


def put_newer(record: Publication) -> None:
    """Writes a publication unless the one that is there is of a higher version of the table.

    A commit and its record are two writes. Of two runs of one day, the first to commit may be the last to write.
    """
    key = publication_key(record.table, record.day)
    while True:
        there, etag = _read(Publication, key)
        if there and there.version > record.version:
            return
        try:
            _put(key, record, **({"IfMatch": etag} if there else {"IfNoneMatch": "*"}))
        except ClientError as problem:
            # Another run has written meanwhile, so this ends after as many tries as there are runs.
            if problem.response["Error"]["Code"] not in _CONFLICT:
                raise
        else:
            return


def _put(key: str, record: BaseModel, **condition: str) -> None:
    body = record.model_dump_json(indent=1).encode()
    place = {"Bucket": settings().lake_bucket, "Key": key, "ContentType": "application/json"}
    s3().put_object(**place, Body=body, **condition)  # type: ignore[arg-type]


def get(kind: type[Kind], key: str) -> Kind | None:
    """Reads a record of the lake's bucket, None where there is none."""
    return _read(kind, key)[0]


def _read(kind: type[Kind], key: str) -> tuple[Kind | None, str]:
    """A record and its ETag."""
    try:
        answer = s3().get_object(Bucket=settings().lake_bucket, Key=key)
    except ClientError as problem:
        if is_missing(problem):
            return None, ""
        raise
    return kind.model_validate_json(answer["Body"].read()), answer["ETag"]


def publication(table: str, day: date) -> Publication | None:
    """What is visible of a table's day, None where the batch never published it."""
    return get(Publication, publication_key(table, day))


def days_between(folder: str, first: date, last: date) -> Iterator[date]:
    """Days with a record in a folder of `_controle/`, ascending; costs the window's length, whatever lies before it.

    Args:
        folder: `publicado/<table>` or `inbox`.
        first: first day, included.
        last: last day, included.
    """
    prefix = f"_controle/{folder}/"
    pages = s3().get_paginator("list_objects_v2")
    # A window of n days has at most n objects: one small page, begun just before the first day.
    size = min((last - first).days + 2, 1000)
    for page in pages.paginate(
        Bucket=settings().lake_bucket, Prefix=prefix, StartAfter=f"{prefix}{first}", PaginationConfig={"PageSize": size}
    ):
        for entry in page.get("Contents", ()):
            day = date.fromisoformat(entry["Key"].removeprefix(prefix).removesuffix(".json"))
            if day > last:
                return
            yield day


def now() -> datetime:
    """The time of writing, UTC."""
    return datetime.now(UTC)

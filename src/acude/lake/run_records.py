"""What the batch remembers about a day outside its tables: small JSON objects under `_controle/`.

One publication per table and day says which rows are visible and what they were made from; one inbox record per day
says which files they came from. Both are read by key or by a bounded listing, so that their number costs nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from acude.aws import s3
from acude.lake import conditional
from acude.settings import settings

Kind = TypeVar("Kind", bound=BaseModel)


class ControlObject(BaseModel):
    """Base of every small object that is kept as JSON on S3."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Publication(ControlObject):
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


class InboxRecord(ControlObject):
    """The files that a day's last run saw, by key: their ETags. `published` is False where the run refused them."""

    day: date
    run_id: str
    files: dict[str, str]
    published: bool


def publication_key(table: str, day: date) -> str:
    """Where a publication lies in the lake's bucket."""
    return f"_controle/publicado/{table}/{day}.json"


def inbox_key(day: date) -> str:
    """Where a day's inbox record lies in the lake's bucket."""
    return f"_controle/inbox/{day}.json"


def put(key: str, record: BaseModel) -> None:
    """Writes a record into the lake's bucket."""
    s3().put_object(Bucket=settings().lake_bucket, Key=key, Body=_encoded(record), ContentType="application/json")


def put_newer(record: Publication) -> None:
    """Writes a publication unless the one that is there is of a higher version of the table.

    A commit and its record are two writes. Of two runs of one day, the first to commit may be the last to write.
    """
    key = publication_key(record.table, record.day)
    # Another run may write meanwhile, so this ends after as many tries as there are runs.
    while True:
        content, seen = conditional.read(key, settings()) or (b"", None)
        if content and Publication.model_validate_json(content).version > record.version:
            return
        if conditional.replace(key, _encoded(record), seen, settings()):
            return


def _encoded(record: BaseModel) -> bytes:
    return record.model_dump_json(indent=1).encode()


def get(kind: type[Kind], key: str) -> Kind | None:
    """Reads a record of the lake's bucket, None where there is none."""
    found = conditional.read(key, settings())
    return kind.model_validate_json(found[0]) if found else None


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

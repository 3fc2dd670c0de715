"""The inbox: which sales files a day has, and whether they changed since the day was published.

Files lie in the inbox bucket as `vendas/<origem>/<YYYY-MM-DD>.<csv|csv.gz|parquet>`, or a day in parts as
`vendas/<origem>/<YYYY-MM-DD>/part-<anything>.<format>`. A day is looked up by prefix in each origin's folder, so that
years of older files cost nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from acude.aws import objects, s3
from acude.inbox.errors import InboxError
from acude.lake import run_records
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

FOLDER = "vendas/"
SHOP = "loja"
"""The origin of what the shop's own database exported."""

FORMATS = ("csv", "csv.gz", "parquet")
WINDOW = timedelta(days=35)
"""How far back `changed_days` looks unless asked for more."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(?P<part>/part-[\w.-]*?)?\.(?P<format>csv|csv\.gz|parquet)", re.ASCII)
_MARK = re.compile(rf"{FOLDER}[^/]+/\d{{4}}-\d{{2}}-\d{{2}}/[_.][^/]*")
"""What Spark and others leave beside the parts they wrote, as `_SUCCESS`."""


@dataclass(frozen=True)
class InboxFile:
    """One file of a day as it was listed: its key in the inbox bucket, its origin, format, ETag and size in bytes."""

    key: str
    origin: str
    format: str
    etag: str
    size: int = 0

    def is_part_of(self, day: date) -> bool:
        """Whether it lies in a folder of that day, beside others."""
        return self.key.startswith(f"{FOLDER}{self.origin}/{day}/")


def files_of(day: date) -> list[InboxFile]:
    """The day's files, by key.

    Raises:
        InboxError: a name of that day that is neither `<YYYY-MM-DD>.<format>` nor `<YYYY-MM-DD>/part-….<format>` in an
            origin's folder, or two files of one origin that are not parts of the day.
    """
    stray = listed(f"{FOLDER}{day}")
    if stray:
        key = next(iter(stray))
        raise InboxError(key, None, None, f"a folder of its origin, {FOLDER}<origem>/", "a file beside the folders")
    return [file for origin in origins() for file in _files_of(origin, day)]


def _files_of(origin: str, day: date) -> list[InboxFile]:
    files = [_file(entry, origin) for entry in _entries(f"{FOLDER}{origin}/{day}")]
    for before, file in pairwise(files):
        if not (before.is_part_of(day) and file.is_part_of(day)):
            expected = "one file per origin and day, or parts of it in a folder of the day"
            raise InboxError(file.key, None, None, expected, f"{before.key} too")
    return files


def assert_unchanged(day: date, files: list[InboxFile]) -> None:
    """Called right before publishing.

    Raises:
        InboxError: a file was replaced, added or taken away since `files` was listed.
    """
    before = {file.key: file.etag for file in files}
    after = {file.key: file.etag for file in files_of(day)}
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            raise changed(key)


def remember(day: date, files: list[InboxFile], run_id: str, *, published: bool) -> None:
    """Notes which files a run saw, so that `changed_days` can tell later ones.

    Args:
        day: the files' day.
        files: what the run listed; where it could not even do that, what lies there now is noted.
        run_id: names the attempt.
        published: False where the run refused them.
    """
    etags = {file.key: file.etag for file in files} or _etags(day)
    run_records.put(
        run_records.inbox_key(day), run_records.InboxRecord(day=day, run_id=run_id, files=etags, published=published)
    )


def changed_days(since: date | None = None, until: date | None = None) -> list[date]:
    """Days that ran before, published or refused, and whose files are others now: they should run again.

    Args:
        since: first day looked at; `WINDOW` before `until` unless given. The cost follows the window, not the history.
        until: last day looked at; today (UTC) unless given.

    Returns:
        The days, ascending.
    """
    until = until or run_records.now().date()
    since = since or until - WINDOW
    now: dict[date, dict[str, str]] = {}
    for origin in origins():
        for key, etag in listed(f"{FOLDER}{origin}/", since, until).items():
            if day := _day_of(key, origin):
                now.setdefault(day, {})[key] = etag
    changed = []
    for day in run_records.days_between("inbox", since, until):
        record = run_records.get(run_records.InboxRecord, run_records.inbox_key(day))
        if record and record.files != now.get(day, {}):
            changed.append(day)
    return changed


def origins(config: Settings | None = None) -> list[str]:
    """Every origin that has files, by name."""
    config = config or settings()
    listing = s3(config).get_paginator("list_objects_v2")
    pages = listing.paginate(Bucket=config.inbox_bucket, Prefix=FOLDER, Delimiter="/")
    found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ())]
    return sorted(prefix.removeprefix(FOLDER).rstrip("/") for prefix in found)


def listed(
    prefix: str, since: date | None = None, until: date | None = None, config: Settings | None = None
) -> dict[str, str]:
    """Keys and ETags under a prefix; with `since` and `until` only names from one day to the other."""
    return {entry["Key"]: entry["ETag"] for entry in _entries(prefix, since, until, config)}


def _entries(
    prefix: str, since: date | None = None, until: date | None = None, config: Settings | None = None
) -> Iterator["ObjectTypeDef"]:
    config, first = config or settings(), since.isoformat() if since else ""
    # Some digits only: after the whole day, SeaweedFS leaves out what lies in a folder of its name.
    for entry in objects(config.inbox_bucket, prefix, config, after=f"{prefix}{first[:-1]}" if first else ""):
        name = entry["Key"].removeprefix(prefix)
        if until and name[:10] > until.isoformat():
            return
        if name[:10] >= first and (not until or _DAY.match(name)) and not _MARK.fullmatch(entry["Key"]):
            yield entry


def _etags(day: date) -> dict[str, str]:
    """Everything of a day in the origins' folders, whatever its name."""
    found: dict[str, str] = {}
    for origin in origins():
        found |= listed(f"{FOLDER}{origin}/{day}")
    return found


def _file(entry: "ObjectTypeDef", origin: str) -> InboxFile:
    key = entry["Key"]
    name = key.removeprefix(f"{FOLDER}{origin}/")
    match = _NAME.fullmatch(name)
    if not match:
        kinds = "|".join(FORMATS)
        raise InboxError(
            key, None, None, f"a name <YYYY-MM-DD>.<{kinds}> or <YYYY-MM-DD>/part-<number>.<{kinds}>", name
        )
    return InboxFile(key, origin, match["format"], entry["ETag"], entry["Size"])


def _day_of(key: str, origin: str) -> date | None:
    """The day with which a name begins, as a run of that day lists it; None where that is no day."""
    try:
        return date.fromisoformat(key.removeprefix(f"{FOLDER}{origin}/")[:10])
    except ValueError:
        return None


def changed(key: str) -> InboxError:
    """What is wrong with a file that is not the one that was listed."""
    return InboxError(key, None, None, "the files that were there when the run began", "that it changed meanwhile")

"""Puts daily sales files into the S3 inbox: `vendas/<origem>/<YYYY-MM-DD>.<csv|csv.gz|parquet>`, or a day in parts.

The files are copied as they are; the daily batch checks them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from acude import aws
from acude.inbox.errors import UploadError
from acude.inbox.files import FOLDER, FORMATS
from acude.settings import Settings

_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_CHECKSUM = "sha256"
_AT_ONCE = 8


@dataclass(frozen=True)
class DailyFile:
    """One file and the day that its name tells, or its folder's name where it is a part of the day."""

    path: Path
    day: date
    suffix: str
    part: bool = False

    def key(self, origem: str) -> str:
        """Its place in the inbox."""
        stem = f"/{self.path.name[: -len(self.suffix) - 1]}" if self.part else ""
        return f"{FOLDER}{origem}/{self.day}{stem}.{self.suffix}"


@dataclass(frozen=True)
class Loaded:
    """What a load did, keys of the inbox.

    Attributes:
        new: uploaded, not there before.
        changed: uploaded, other bytes than before.
        unchanged: there already with the same bytes.
        removed: what else there was of the same day, taken away because it was replaced.
        size: uploaded bytes.
    """

    origem: str
    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    size: int


def slug(text: str) -> str:
    """A source's name as a part of a key.

    >>> slug("Histórico 2026 (loja)")
    'historico-2026-loja'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def daily_files(folder: Path, first: date | None = None, last: date | None = None) -> list[DailyFile]:
    """The folder's sales files by day; what is neither CSV, CSV.gz nor Parquet is no sales file.

    A folder in it whose name is a day holds the parts of that day, files whose names begin with `part-`.

    Args:
        folder: where they lie.
        first: leave out earlier days.
        last: leave out later days.

    Raises:
        UploadError: no such folder, no file, a name without a day, or two files of a day that are not its parts.
    """
    if not folder.is_dir():
        raise UploadError(f"Expected a folder with daily sales files, and {folder} is none.", "Name the folder itself.")
    found = sorted(
        [*(_daily_file(path) for path in folder.iterdir() if path.is_file() and _suffix(path)), *_parts(folder)],
        key=lambda file: (file.day, file.suffix, file.path),
    )
    wanted = [file for file in found if (not first or file.day >= first) and (not last or file.day <= last)]
    if not wanted:
        between = f" from {first or 'the first day'} to {last or 'the last'}" if first or last else ""
        raise UploadError(
            f"Expected *.csv, *.csv.gz or *.parquet in {folder}{between}, and there is none.",
            "Name another folder, or other days.",
        )
    for before, after in pairwise(wanted):
        if before.day == after.day and not (before.part and after.part):
            raise UploadError(
                f"{before.path.name} and {after.path.name} are both of {before.day}; a source has one file per day.",
                "Keep one of them, load them from two folders as two sources, or put parts of a day into a folder of "
                f"its own, {before.day}/part-<number>.<format>.",
            )
    return wanted


def _parts(folder: Path) -> Iterator[DailyFile]:
    """The parts of days that are in folders of their own."""
    for inside in folder.iterdir():
        if inside.is_dir() and _DAY.fullmatch(inside.name):
            day = _day_of(inside)
            for path in inside.iterdir():
                if path.name.startswith("part-") and (suffix := _suffix(path)):
                    yield DailyFile(path, day, suffix, part=True)


def load(
    config: Settings,
    files: Sequence[DailyFile],
    origem: str,
    *,
    replace: bool = False,
    on_file: Callable[[DailyFile], None] = lambda _: None,
) -> Loaded:
    """Upload what isn't there yet with the same bytes.

    Args:
        config: where the inbox is.
        files: one per day, or its parts.
        origem: the source's name in the inbox, a slug.
        replace: other files of the same day give way.
        on_file: called after each file.

    Raises:
        UploadError: other files of a day lie in the inbox, and `replace` is off.
    """
    bucket = config.inbox_bucket
    there = set(aws.keys(bucket, f"{FOLDER}{origem}/", config))
    rivals = _rivals(there, files, origem)
    if not replace:
        _refuse_rivals(rivals, origem)
    outcomes: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
    size = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        carried = pool.map(lambda file: _carry(config, file, file.key(origem), known=there), files)
        for file, outcome in zip(files, carried, strict=True):
            outcomes[outcome].append(file.key(origem))
            size += file.path.stat().st_size if outcome != "unchanged" else 0
            on_file(file)
    removed = tuple(key for keys in rivals.values() for key in keys)
    # Only now: for a moment the day lies there twice, which the batch refuses; without any it would be empty.
    aws.delete(bucket, removed, config)
    return Loaded(
        origem, tuple(outcomes["new"]), tuple(outcomes["changed"]), tuple(outcomes["unchanged"]), removed, size
    )


def _suffix(path: Path) -> str | None:
    return next((suffix for suffix in FORMATS if path.name.lower().endswith(f".{suffix}")), None)


def _daily_file(path: Path) -> DailyFile:
    return DailyFile(path, _day_of(path), _suffix(path) or "")


def _day_of(path: Path) -> date:
    texts = _DAY.findall(path.name)
    days = set()
    for text in texts:
        try:
            days.add(date.fromisoformat(text))
        except ValueError:
            continue
    if len(days) != 1:
        raise UploadError(
            f"Expected one day as YYYY-MM-DD in the name of {path.name}, found {', '.join(texts) or 'none'}.",
            "Rename the file, for example to 2026-11-20.csv.",
        )
    return days.pop()


def _rivals(there: set[str], files: Sequence[DailyFile], origem: str) -> dict[DailyFile, list[str]]:
    """By the first file of each day, what else the inbox holds of that day."""
    mine = {file.key(origem) for file in files}
    firsts = {file.day: file for file in reversed(files)}
    found: dict[DailyFile, list[str]] = {}
    for key in sorted(there - mine):
        name = key.removeprefix(f"{FOLDER}{origem}/")
        file = next((one for day, one in firsts.items() if name.startswith((f"{day}.", f"{day}/"))), None)
        if file:
            found.setdefault(file, []).append(key)
    return found


def _refuse_rivals(rivals: dict[DailyFile, list[str]], origem: str) -> None:
    if not rivals:
        return
    file, (key, *_) = next(iter(rivals.items()))
    others = f" (and {len(rivals) - 1} other days)" if len(rivals) > 1 else ""
    raise UploadError(
        f"{file.path.name} would be {file.key(origem)}, but {key} holds the same day{others}; "
        "a source has one file per day, or the parts of one.",
        "Pass --replace to let the new file take its place, or --origem to load it as another source.",
    )


def _carry(config: Settings, file: DailyFile, key: str, *, known: set[str]) -> str:
    """Upload one file where needed; says `new`, `changed` or `unchanged`."""
    s3, bucket = aws.s3(config), config.inbox_bucket
    with file.path.open("rb") as content:
        checksum = hashlib.file_digest(content, _CHECKSUM).hexdigest()
    if key in known and s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(_CHECKSUM) == checksum:
        return "unchanged"
    s3.upload_file(str(file.path), bucket, key, ExtraArgs={"Metadata": {_CHECKSUM: checksum}})
    return "changed" if key in known else "new"

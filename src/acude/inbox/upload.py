"""Puts daily sales files into the S3 inbox: `vendas/<origem>/<YYYY-MM-DD>.<csv|csv.gz|parquet>`.

The files are copied as they are; the daily batch checks them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
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
    """One file and the day that its name tells."""

    path: Path
    day: date
    suffix: str

    def key(self, origem: str) -> str:
        """Its place in the inbox."""
        return f"{FOLDER}{origem}/{self.day}.{self.suffix}"


@dataclass(frozen=True)
class Loaded:
    """What a load did, keys of the inbox.

    Attributes:
        new: uploaded, not there before.
        changed: uploaded, other bytes than before.
        unchanged: there already with the same bytes.
        removed: the same day in another format, taken away because it was replaced.
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

    Args:
        folder: where they lie.
        first: leave out earlier days.
        last: leave out later days.

    Raises:
        UploadError: no such folder, no file, a name without a day, or two files of a day.
    """
    if not folder.is_dir():
        raise UploadError(f"Expected a folder with daily sales files, and {folder} is none.", "Name the folder itself.")
    found = sorted(
        (_daily_file(path) for path in folder.iterdir() if path.is_file() and _suffix(path)),
        key=lambda file: (file.day, file.suffix),
    )
    wanted = [file for file in found if (not first or file.day >= first) and (not last or file.day <= last)]
    if not wanted:
        between = f" from {first or 'the first day'} to {last or 'the last'}" if first or last else ""
        raise UploadError(
            f"Expected *.csv, *.csv.gz or *.parquet in {folder}{between}, and there is none.",
            "Name another folder, or other days.",
        )
    for before, after in pairwise(wanted):
        if before.day == after.day:
            raise UploadError(
                f"{before.path.name} and {after.path.name} are both of {before.day}; a source has one file per day.",
                "Keep one of them, or load them from two folders as two sources.",
            )
    return wanted


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
        files: one per day.
        origem: the source's name in the inbox, a slug.
        replace: a file of the same day in another format gives way.
        on_file: called after each file.

    Raises:
        UploadError: a day lies in the inbox in another format, and `replace` is off.
    """
    bucket = config.inbox_bucket
    there = set(aws.keys(bucket, f"{FOLDER}{origem}/", config))
    rivals = {file: [key for key in there if _is_rival(key, file, origem)] for file in files}
    if not replace:
        _refuse_rivals(rivals, origem)
    outcomes: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
    size = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        carried = pool.map(lambda file: _carry(config, file, file.key(origem), known=there), files)
        for file, outcome in zip(files, carried, strict=True):
            outcomes[outcome].append(file.key(origem))
            size += file.path.stat().st_size if outcome != "unchanged" else 0
            # Only now: for a moment the day lies there twice, which the batch refuses; without any it would be empty.
            aws.delete(bucket, rivals[file], config)
            on_file(file)
    removed = tuple(key for keys in rivals.values() for key in keys)
    return Loaded(
        origem, tuple(outcomes["new"]), tuple(outcomes["changed"]), tuple(outcomes["unchanged"]), removed, size
    )


def _suffix(path: Path) -> str | None:
    return next((suffix for suffix in FORMATS if path.name.lower().endswith(f".{suffix}")), None)


def _daily_file(path: Path) -> DailyFile:
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
    return DailyFile(path, days.pop(), _suffix(path) or "")


def _is_rival(key: str, file: DailyFile, origem: str) -> bool:
    """Whether a key holds the same day in another format."""
    mine = file.key(origem)
    return key != mine and key.startswith(mine.removesuffix(file.suffix))


def _refuse_rivals(rivals: dict[DailyFile, list[str]], origem: str) -> None:
    clashes = [(file, key) for file, keys in rivals.items() for key in keys]
    if not clashes:
        return
    file, key = clashes[0]
    others = f" (and {len(clashes) - 1} other days)" if len(clashes) > 1 else ""
    raise UploadError(
        f"{file.path.name} would be {file.key(origem)}, but {key} holds the same day{others}; "
        "a source has one file per day.",
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

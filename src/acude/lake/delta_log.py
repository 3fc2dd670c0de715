"""The files of a table's Delta log, as S3 lists them: which version is the newest, and which are no longer needed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from acude.contracts.model import Contract
from acude.lake.records import s3
from acude.settings import settings

KEPT = timedelta(hours=1)
KEPT_COMMITS = 1000
"""A stream that follows the table may lag behind by an hour, and by so many commits however old they are."""

_KEYS_A_CALL = 1000


def folder(contract: Contract) -> str:
    """Where the log lies in the lake's bucket, with a slash at the end."""
    return f"{contract.prefix}/_delta_log/"


def latest_version(contract: Contract) -> int | None:
    """The newest commit's version; None where the table was never created."""
    commits = _commits_since_checkpoint(contract)
    return commits[-1] if commits else None


def version_with(contract: Contract, metadata: dict[str, str]) -> int | None:
    """Version of the commit with that userMetadata, looked for at the log's end."""
    for version in reversed(_commits_since_checkpoint(contract)):
        key = f"{folder(contract)}{version:020d}.json"
        if _user_metadata(s3().get_object(Bucket=settings().lake_bucket, Key=key)["Body"].read()) == metadata:
            return version
    return None


def prune(contract: Contract, kept: timedelta = KEPT, kept_commits: int = KEPT_COMMITS) -> int:
    """Deletes what lies before the newest checkpoint that is old enough.

    Delta itself does so only for whole days. A stream that commits every few seconds would leave tens of thousands of
    files by then, and each commit lists them all.

    Args:
        contract: a table whose writer is the caller.
        kept: younger commits stay.
        kept_commits: so many of the newest stay, too.

    Returns:
        How many files went.
    """
    found = {name: modified for name, modified in _entries(contract) if name[:20].isdigit()}
    newest = max((_version(name) for name in found if name.endswith(".json")), default=0)
    before = datetime.now(UTC) - kept
    # All that lies before a checkpoint can be told from it; the checkpoint itself and what follows stay.
    checkpoints = [
        _version(name)
        for name, modified in found.items()
        if name.endswith(".checkpoint.parquet") and modified <= before
    ]
    first_kept = max((version for version in checkpoints if version <= newest - kept_commits), default=0)
    gone = [name for name in found if _version(name) < first_kept]
    for at in range(0, len(gone), _KEYS_A_CALL):
        keys: list[Any] = [{"Key": folder(contract) + name} for name in gone[at : at + _KEYS_A_CALL]]
        s3().delete_objects(Bucket=settings().lake_bucket, Delete={"Objects": keys, "Quiet": True})
    return len(gone)


def _commits_since_checkpoint(contract: Contract) -> list[int]:
    """Versions from the last checkpoint on, rising: their number does not depend on the table's age."""
    client, place = s3(), f"{folder(contract)}_last_checkpoint"
    start = 0
    if client.list_objects_v2(Bucket=settings().lake_bucket, Prefix=place).get("Contents"):
        body = client.get_object(Bucket=settings().lake_bucket, Key=place)["Body"].read()
        start = max(int(json.loads(body)["version"]) - 1, 0)
    names = [name for name, _ in _entries(contract, after=f"{start:020d}")]
    return sorted(_version(name) for name in names if _is_commit(name))


def _entries(contract: Contract, after: str = "") -> list[tuple[str, datetime]]:
    """Name inside the log and time of its files, those that sort behind `after`."""
    prefix = folder(contract)
    pages = (
        s3()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=settings().lake_bucket, Prefix=prefix, StartAfter=prefix + after)
    )
    return [(e["Key"].removeprefix(prefix), e["LastModified"]) for page in pages for e in page.get("Contents", ())]


def _version(name: str) -> int:
    return int(name[:20])


def _is_commit(name: str) -> bool:
    return name.endswith(".json") and name.removesuffix(".json").isdigit()


def _user_metadata(commit: bytes) -> object:
    for line in commit.splitlines():
        info = json.loads(line).get("commitInfo")
        if info:
            return _parsed(info.get("userMetadata"))
    return None


def _parsed(text: str | None) -> object:
    """Metadata that this package wrote is JSON; other writers' may be anything."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return text

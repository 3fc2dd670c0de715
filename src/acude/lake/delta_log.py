"""The files of a table's Delta log, as S3 lists them, and which are no longer needed."""

import json
from datetime import UTC, datetime, timedelta

from acude.aws import delete, objects, s3
from acude.contracts.model import Contract
from acude.settings import Settings, settings

KEPT = timedelta(hours=1)
KEPT_COMMITS = 1000
"""A stream that follows the table may lag behind by an hour, and by this number of commits however old they are."""


def folder(contract: Contract) -> str:
    """Where the log lies in the lake's bucket, with a slash at the end."""
    return f"{contract.prefix}/_delta_log/"


def prune(
    contract: Contract, config: Settings | None = None, *, kept: timedelta = KEPT, kept_commits: int = KEPT_COMMITS
) -> int:
    """Deletes what lies before the newest checkpoint that is old enough.

    Spark's Delta does so only for whole days. A stream that commits every few seconds would leave tens of thousands of
    files by then, and each commit lists them all. delta-rs' `cleanup_metadata` goes by age alone: after an outage it
    would delete what the streams that follow the table have yet to read. So neither does it for these tables
    (`delta.enableExpiredLogCleanup`).

    Args:
        contract: a table whose writer is the caller.
        config: where the lake is; the process's settings unless given.
        kept: younger commits stay.
        kept_commits: this number of the newest stay, too.

    Returns:
        How many files went.
    """
    config = config or settings()
    found = {name: modified for name, modified in _entries(contract, config) if name[:20].isdigit()}
    newest = max((_version(name) for name in found if name.endswith(".json")), default=0)
    before = datetime.now(UTC) - kept
    # A checkpoint holds all that lies before it; the checkpoint itself and what follows stay.
    checkpoints = [
        _version(name)
        for name, modified in found.items()
        if name.endswith(".checkpoint.parquet") and modified <= before
    ]
    first_kept = max((version for version in checkpoints if version <= newest - kept_commits), default=0)
    gone = [name for name in found if _version(name) < first_kept]
    delete(config.lake_bucket, [folder(contract) + name for name in gone], config)
    return len(gone)


def oldest_rows_since(contract: Contract, version: int, config: Settings) -> datetime | None:
    """When the oldest commit with new rows, from that version on, was made; None where there is none."""
    log = folder(contract)
    for entry in objects(config.lake_bucket, log, config, after=f"{log}{version - 1:020d}.json"):
        if entry["Key"].endswith(".json") and _brings_rows(entry["Key"], config):
            return entry["LastModified"]
    return None


def _brings_rows(key: str, config: Settings) -> bool:
    """Whether a commit adds rows: one that only joins files makes no work for a reader."""
    text = s3(config).get_object(Bucket=config.lake_bucket, Key=key)["Body"].read().decode()
    actions = (json.loads(line) for line in text.splitlines())
    return any(action["add"]["dataChange"] for action in actions if "add" in action)


def _entries(contract: Contract, config: Settings) -> list[tuple[str, datetime]]:
    """Name inside the log and time of its files."""
    prefix = folder(contract)
    return [(e["Key"].removeprefix(prefix), e["LastModified"]) for e in objects(config.lake_bucket, prefix, config)]


def _version(name: str) -> int:
    return int(name[:20])

"""Spark's checkpoints on S3: what a driver must know of them, and the queries that go on from them.

Where a query has a checkpoint folder per life, a small object beside the folders says which life is the current one.
"""

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import uuid4

from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from acude.aws import delete, keys, s3
from acude.lake import conditional
from acude.lake.commit import LeaseLost
from acude.lake.run_records import ControlObject
from acude.settings import Settings

log = logging.getLogger(__name__)

_OFFSETS = re.compile(r"/offsets/(\d+)$")
_COMMITS = re.compile(r"/commits/(\d+)$")


class Life(ControlObject):
    """What a driver must know of a checkpoint's life; queries add their own.

    Attributes:
        escrito_por: drawn by the driver that wrote it last. S3's ETag follows from the content: without it, a driver
            that takes the object over as it is would leave it to its former writer, too.
    """

    escrito_por: str = ""


Kind = TypeVar("Kind", bound=Life)


class CurrentLife(Generic[Kind]):
    """A query's current life, changed by conditional PUTs alone: a driver that lost its lease changes nothing.

    Args:
        key: where it lies, below the lake.
        kind: what it holds.
        config: where the lake is.

    Attributes:
        value: as this driver has read or written it last; None before the first life.
    """

    def __init__(self, key: str, kind: type[Kind], config: Settings) -> None:
        self._key = key
        self._config = config
        self._driver = uuid4().hex
        found = conditional.read(key, config)
        self._etag = found[1] if found else None
        self.value: Kind | None = kind.model_validate_json(found[0]) if found else None

    def put(self, value: Kind) -> None:
        """Writes it; from then on no other driver can that has not read it again.

        Raises:
            LeaseLost: another driver has written it.
        """
        mine = value.model_copy(update={"escrito_por": self._driver})
        etag = conditional.replace(self._key, mine.model_dump_json().encode(), self._etag, self._config)
        if etag is None:
            raise LeaseLost(f"Another driver keeps {self._key} now")
        self.value, self._etag = mine, etag


def new_folder(now: datetime) -> str:
    """A name for a life's folder; later ones sort behind."""
    return f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"


def last_offsets(folder: str, config: Settings) -> int:
    """The last batch whose offsets Spark has written, -1 where it has none.

    Args:
        folder: the checkpoint's, below the lake.
        config: where the lake is.
    """
    names = (_OFFSETS.search(key) for key in keys(config.lake_bucket, f"{folder}/offsets/", config))
    return max((int(name[1]) for name in names if name), default=-1)


def finished_offsets(folder: str, config: Settings) -> list[dict[str, Any] | None]:
    """The offsets of each source up to which a query's last finished batch went; none before the first.

    Args:
        folder: the checkpoint's, below the lake, or the one above where each life of the query has a folder of its own.
        config: where the lake is.
    """
    newest = _newest(folder, config)
    names = (_COMMITS.search(key) for key in keys(config.lake_bucket, f"{newest}/commits/", config))
    last = max((int(name[1]) for name in names if name), default=None)
    if last is None:
        return []
    body = s3(config).get_object(Bucket=config.lake_bucket, Key=f"{newest}/offsets/{last}")["Body"].read()
    # A line with the version, a line with the batch's settings, then one per source.
    return [json.loads(line) if line != "-" else None for line in body.decode().splitlines()[2:]]


def unread_version(offset: dict[str, Any]) -> int:
    """The first version of a Delta source that isn't read to its end."""
    return int(offset["reservoirVersion"])


def _newest(folder: str, config: Settings) -> str:
    """The folder that Spark writes now: a query that started over has a subfolder of its own, named by its time."""
    found = s3(config).list_objects_v2(Bucket=config.lake_bucket, Prefix=f"{folder}/", Delimiter="/")
    folders = [entry["Prefix"].rstrip("/") for entry in found.get("CommonPrefixes", ())]
    return folder if f"{folder}/commits" in folders else max(folders, default=folder)


def location(folder: str, config: Settings) -> str:
    """What a query's `checkpointLocation` is.

    A driver that is killed while Spark writes its first offsets leaves half of them, and Spark then refuses the
    checkpoint at every start. Nothing was begun from it, so what is there is deleted.
    """
    if last_offsets(folder, config) < 0 and (left := list(keys(config.lake_bucket, f"{folder}/", config))):
        log.warning("Checkpoint %s has no offsets: it begins again", folder)
        delete(config.lake_bucket, left, config)
    return f"{config.lake}/{folder}"


def start(
    rows: DataFrame,
    name: str,
    each_batch: Callable[[DataFrame, int], None],
    folder: str,
    config: Settings,
    *,
    every: str | None,
    mode: str = "append",
) -> StreamingQuery:
    """Starts a query where its checkpoint ended.

    Args:
        rows: the stream.
        name: the query's, in logs and metrics.
        each_batch: called with a micro-batch's rows and number, again with the same ones after a kill.
        folder: the checkpoint's, below the lake.
        config: where the lake is.
        every: the time between micro-batches, as `10 seconds`; None takes what is there and ends.
        mode: Spark's output mode.
    """
    query = rows.writeStream.queryName(name).outputMode(mode).foreachBatch(each_batch)
    query = query.option("checkpointLocation", location(folder, config))
    return query.trigger(processingTime=every).start() if every else query.trigger(availableNow=True).start()

"""Spark's checkpoints on S3: what a driver must know of them, and the queries that go on from them.

Where a query has a checkpoint folder per life, a small object beside the folders says which life is the current one.
"""

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from acude.aws import delete, keys, objects, s3
from acude.lake import conditional
from acude.lake.commit import LeaseLost
from acude.lake.run_records import ControlObject
from acude.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

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
    """The last batch from whose offsets Spark can go on, -1 where there is none.

    Spark reads them together with those of the batch before, asks for its `metadata`, and refuses empty objects.

    Args:
        folder: the checkpoint's, below the lake.
        config: where the lake is.
    """
    return _last_whole(_listed(folder, config))


def finished_offsets(folder: str, config: Settings) -> list[dict[str, Any] | None]:
    """The offsets of each source up to which a query's last finished batch went; none before the first.

    Args:
        folder: the checkpoint's, below the lake, or the one above where each life of the query has a folder of its own.
        config: where the lake is.
    """
    newest = _newest(folder, config)
    names = (_COMMITS.search(key) for key in keys(config.lake_bucket, f"{newest}/commits/", config))
    last = max((int(name[1]) for name in names if name), default=-1)
    # Whose offsets are damaged has to be planned again.
    last = min(last, last_offsets(newest, config))
    return [] if last < 0 else offsets_of(newest, last, config)


def offsets_of(folder: str, number: int, config: Settings) -> list[dict[str, Any] | None]:
    """The offsets of each source up to which a batch goes.

    Args:
        folder: the checkpoint's, below the lake.
        number: the batch's.
        config: where the lake is.
    """
    body = s3(config).get_object(Bucket=config.lake_bucket, Key=f"{folder}/offsets/{number}")["Body"].read()
    # A line with the version, a line with the batch's settings, then one per source.
    return [json.loads(line) if line != "-" else None for line in body.decode().splitlines()[2:]]


def _listed(folder: str, config: Settings) -> list["ObjectTypeDef"]:
    """What Spark looks at first when it starts."""
    parts = (f"{folder}/{part}" for part in ("metadata", "offsets/", "commits/"))
    return [one for part in parts for one in objects(config.lake_bucket, part, config)]


def _last_whole(listed: list["ObjectTypeDef"]) -> int:
    full = [one["Key"] for one in listed if one["Size"]]
    whole = {int(name[1]) for name in map(_OFFSETS.search, full) if name}
    last = max((number for number in whole if number == 0 or number - 1 in whole), default=-1)
    return last if any(key.endswith("/metadata") for key in full) else -1


def unread_version(offset: dict[str, Any]) -> int:
    """The first version of a Delta source that isn't read to its end."""
    return int(offset["reservoirVersion"])


def _newest(folder: str, config: Settings) -> str:
    """The folder that Spark writes now: a query that started over has a subfolder of its own, named by its time."""
    found = s3(config).list_objects_v2(Bucket=config.lake_bucket, Prefix=f"{folder}/", Delimiter="/")
    folders = [entry["Prefix"].rstrip("/") for entry in found.get("CommonPrefixes", ())]
    return folder if f"{folder}/commits" in folders else max(folders, default=folder)


def location(folder: str, config: Settings) -> str:
    """What a query's `checkpointLocation` is, once nothing is in it that Spark would refuse at every start.

    A driver that is killed while Spark writes its first offsets leaves half of them. Nothing was begun from them, so
    all that is there is deleted. An empty object among the newest is deleted with what was written behind it: Spark
    plans its batch again.
    """
    listed = _listed(folder, config)
    last = _last_whole(listed)
    left = [one["Key"] for one in listed if _is_refused(one, last)]
    if last < 0:
        left = list(keys(config.lake_bucket, f"{folder}/", config))
    if left:
        log.warning("Checkpoint %s is not whole: it goes on behind batch %d", folder, last)
        delete(config.lake_bucket, left, config)
    return f"{config.lake}/{folder}"


def _is_refused(entry: "ObjectTypeDef", last: int) -> bool:
    """Whether Spark refuses an object of offsets or commits, or has to plan its batch again."""
    name = _OFFSETS.search(entry["Key"]) or _COMMITS.search(entry["Key"])
    return name is not None and (int(name[1]) > last or (int(name[1]) == last and not entry["Size"]))


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

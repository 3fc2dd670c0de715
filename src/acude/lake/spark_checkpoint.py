"""Spark's checkpoints on S3: what a driver must know of them, and the queries that go on from them."""

import logging
import re
from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from acude.aws import delete, keys
from acude.settings import Settings

log = logging.getLogger(__name__)

_OFFSETS = re.compile(r"/offsets/(\d+)$")


def last_offsets(folder: str, config: Settings) -> int:
    """The last batch whose offsets Spark has written, -1 where it has none.

    Args:
        folder: the checkpoint's, below the lake.
        config: where the lake is.
    """
    names = (_OFFSETS.search(key) for key in keys(config.lake_bucket, f"{folder}/offsets/", config))
    return max((int(name[1]) for name in names if name), default=-1)


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

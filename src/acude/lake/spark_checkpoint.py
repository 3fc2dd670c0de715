"""Spark's checkpoints on S3, as far as a driver must know them before Spark reads them."""

import logging
import re

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

"""Spark's checkpoints on S3, as far as a driver must know them before Spark reads them."""

import logging
import re

from acude.aws import s3
from acude.settings import Settings

log = logging.getLogger(__name__)

_OFFSETS = re.compile(r"/offsets/(\d+)$")


def last_offsets(folder: str, config: Settings) -> int:
    """The last batch whose offsets Spark has written, -1 where it has none.

    Args:
        folder: the checkpoint's, below the lake.
        config: where the lake is.
    """
    names = (_OFFSETS.search(key) for key in _keys(f"{folder}/offsets/", config))
    return max((int(name[1]) for name in names if name), default=-1)


def location(folder: str, config: Settings) -> str:
    """What a query's `checkpointLocation` is.

    A driver that is killed while Spark writes its first offsets leaves half of them, and Spark then refuses the
    checkpoint at every start. Nothing was begun from it, so what is there is deleted.
    """
    if last_offsets(folder, config) < 0 and (keys := _keys(f"{folder}/", config)):
        log.warning("Checkpoint %s has no offsets: it begins again", folder)
        for key in keys:
            s3(config).delete_object(Bucket=config.lake_bucket, Key=key)
    return f"{config.lake}/{folder}"


def _keys(prefix: str, config: Settings) -> list[str]:
    pages = s3(config).get_paginator("list_objects_v2").paginate(Bucket=config.lake_bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

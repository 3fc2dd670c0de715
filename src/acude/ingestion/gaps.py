"""Records that Kafka no longer had when `ingest` came to read them: where reading goes on, and who is told.

Retention may be faster than a stream that stands still, a topic may be made again, a broker may lose its newest
records. Reading goes on with what is left. Each gap is an object on S3, so that `acude reconcile` finds it for the days
in which the records may have come, however often the driver starts meanwhile.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from acude.aws import keys, s3
from acude.kafka.topics import Held
from acude.lake.run_records import ControlObject
from acude.settings import Settings

log = logging.getLogger(__name__)

FOLDER = "_controle/perdas/"

Offsets = dict[tuple[str, int], int]
"""By topic and partition."""


class Gap(ControlObject):
    """Offsets of one partition that never landed.

    They are at most so many records: a transaction's end takes an offset, too, and what was aborted was never to land.

    Attributes:
        topico: the topic's name.
        particao: the partition.
        de: the first of them.
        ate: the offset behind the last; None where nobody knows it: the topic was made again, or its end was lost.
    """

    topico: str
    particao: int
    de: int
    ate: int | None

    def __str__(self) -> str:
        place = f"{self.topico}/{self.particao}/{self.de}"
        return f"{place} and what followed it" if self.ate is None else f"{place} to {self.ate - 1}"


class Told(Gap):
    """A gap as it is kept.

    Attributes:
        desde: when bronze's newest batch before it landed.
        visto_em: when it was found.
    """

    desde: datetime
    visto_em: datetime


class Start(NamedTuple):
    """Where each partition that the broker has is read from, and what is missing before."""

    offsets: Offsets
    gaps: list[Gap]


def start_behind(landed: Offsets, ids: Mapping[str, str], held: Mapping[str, Held]) -> Start:
    """Goes on behind what has landed, as far as the broker still has it.

    What lies before the first record of a topic of which nothing has landed was never to land.

    Args:
        landed: the offset behind the last landed one; a partition that is not named has landed nothing.
        ids: the topics' ids when they were last read; may lack some.
        held: what the broker has.
    """
    known, offsets, gaps = {topic for topic, _ in landed}, Offsets(), list[Gap]()
    for topic, has in held.items():
        made_again = ids.get(topic, has.id) != has.id
        for number, first in has.first.items():
            behind = landed.get((topic, number), 0 if topic in known else first)
            start = max(first, behind)
            # Other records have the offsets of those that stood there, or will.
            if replaced := behind > 0 and (made_again or behind > has.end[number]):
                start = has.end[number] if topic in ids and not made_again else first
            if replaced or start > behind:
                gaps.append(Gap(topico=topic, particao=number, de=behind, ate=None if replaced else start))
            offsets[topic, number] = start
    return Start(offsets, gaps)


def tell(gaps: list[Gap], since: datetime | None, config: Settings) -> None:
    """Logs the gaps and keeps them for `told`, where those that were told today already stand once.

    Args:
        gaps: what is missing.
        since: when bronze's newest batch landed, if any did.
        config: where the lake is.
    """
    now = datetime.now(UTC)
    for gap in gaps:
        log.error("Kafka has lost records before they landed: %s. `acude reconcile` counts them", gap)
        kept = Told(**gap.model_dump(), desde=since or now, visto_em=now)
        key = f"{FOLDER}{now.date()}-{gap.topico}-{gap.particao}-{gap.de}.json"
        s3(config).put_object(Bucket=config.lake_bucket, Key=key, Body=kept.model_dump_json(indent=1).encode())


def told(first: date, last: date, config: Settings) -> list[Told]:
    """The gaps whose records may have come on one of these UTC days, in the order in which they were found."""
    found = keys(config.lake_bucket, FOLDER, config, after=f"{FOLDER}{first}")
    bodies = (s3(config).get_object(Bucket=config.lake_bucket, Key=key)["Body"].read() for key in found)
    gaps = map(Told.model_validate_json, bodies)
    return [gap for gap in gaps if gap.desde.date() <= last]

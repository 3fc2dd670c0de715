"""The index that a driver loads and the batches that it looks up must hash alike."""

import random

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

from acude.ingestion.hashes import event_hashes

DRAWN = random.Random(3)  # noqa: S311
LETTERS = "aZ09_-:.çãé漢😀 "
IDS = [
    "",
    "e-1",
    "x" * 31,
    "x" * 32,
    "x" * 33,
    *("".join(DRAWN.choices(LETTERS, k=DRAWN.randrange(80))) for _ in range(200)),
]


def test_an_event_has_the_hash_that_spark_gives_it(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(one,) for one in IDS], "id string")
    expected = [row[0] for row in rows.select(f.xxhash64(f.lit("transacoes"), "id")).collect()]
    assert event_hashes("transacoes", pa.chunked_array([pa.array(IDS)])).tolist() == expected
    assert min(expected) < 0 < max(expected)

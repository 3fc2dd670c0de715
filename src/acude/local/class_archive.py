"""Writes ``var/jars/spark.jsa``, Spark's classes as a JVM holds them: ``python -m acude.local.class_archive``.

A driver loads some fifteen thousand classes before its first commit. With the archive (the JDK's class data sharing) it
maps them instead of parsing them. It belongs to one JDK and one set of jars; a JVM that it doesn't fit ignores it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

from acude.lake.session import class_archive, driver_session
from acude.local.errors import PlatformError
from acude.local.java import require_java
from acude.settings import Settings, settings

_NOWHERE = {
    "s3_endpoint": "http://127.0.0.1:9",
    "s3_access_key": SecretStr("none"),
    "s3_secret_key": SecretStr("none"),
}


def build(config: Settings) -> None:
    """Runs a small job in a JVM that writes down at its end what it had to load.

    Raises:
        PlatformError: No usable Java, or the job failed.
    """
    require_java(config)
    target = class_archive(config)
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    # A JVM that runs from an archive can't write one.
    target.unlink(missing_ok=True)
    environment = os.environ | {
        "JDK_JAVA_OPTIONS": f"-XX:ArchiveClassesAtExit={fresh}",
        "ACUDE_JVM_SHORT_LIVED": "True",
    }
    command = [sys.executable, "-m", "acude.local.class_archive", "--job"]
    # The JVM ends after its Python; it holds the same pipe, so this waits for both.
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode or not fresh.exists():
        raise PlatformError(
            "The job that loads Spark's classes failed.",
            "See its lines above. Everything runs without the archive, only slower.",
            answer.stderr.splitlines()[-25:],
        )
    fresh.replace(target)


def job(folder: Path, config: Settings) -> None:
    """What every driver does: a partitioned Delta table, written and read, as batch and as stream, and S3's client."""
    once = {f"spark.hadoop.fs.s3a.{setting}": "1" for setting in ("attempts.maximum", "retry.limit")}
    spark = driver_session("classes", config.model_copy(update=_NOWHERE), once)
    rows = spark.range(100).selectExpr("id", "string(id) texto", "id % 2 dia", "decimal(id) valor", "timestamp(id) em")
    table = str(folder / "tabela")
    rows.write.format("delta").partitionBy("dia").save(table)
    rows.where("dia = 1").write.format("delta").mode("overwrite").option("replaceWhere", "dia = 1").save(table)
    read = spark.read.format("delta").load(table)
    read.join(rows.select("id"), "id").groupBy("dia").agg({"valor": "sum", "id": "max"}).toArrow()
    read.mapInArrow(lambda batches: batches, read.schema).persist().count()
    stream = spark.readStream.format("delta").load(table).where("dia = 0").groupBy("texto").count()
    query = stream.writeStream.outputMode("update").option("checkpointLocation", str(folder / "estado"))
    query.trigger(availableNow=True).foreachBatch(lambda batch, _: batch.toArrow()).start().awaitTermination()
    try:
        spark.read.text("s3a://nowhere/nothing").count()
    except Exception as expected:  # noqa: BLE001 - there is no such server; its client's classes are what was wanted
        del expected
    spark.stop()


if __name__ == "__main__":
    if "--job" in sys.argv:
        with tempfile.TemporaryDirectory() as scratch:
            job(Path(scratch), settings())
        sys.exit()
    try:
        build(settings())
    except PlatformError as error:
        sys.exit("\n".join([*error.log, str(error)]))

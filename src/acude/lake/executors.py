"""Where executors run, and how the project's code, Spark's jars and Python reach them.

In the driver's own process (`local[N]`) all is there already. To a cluster the driver brings its own code, so that
executors never run another version of it: a zip of the packages, which each executor fetches before its first task.
"""

import socket
from contextlib import suppress

from acude.errors import AcudeError
from acude.lake.code_archive import code_archive
from acude.settings import Settings

# UTC for the JVM too: java.sql types and the Kafka source's timestamps pass through it.
JVM_OPTIONS = ("-Duser.timezone=UTC", "-XX:+UseParallelGC", "-XX:-UsePerfData")

_UNPACKED = "environment"
"""Where executors unpack the environment archive, below their working directory."""

_STANDALONE = "spark://"
_MASTER_MAY_TAKE_S = 10


def executors_conf(config: Settings) -> dict[str, str]:
    """Spark properties of the executors; without a cluster just where they are."""
    conf = {"spark.master": config.spark_master}
    if config.spark_packages:
        conf["spark.jars.packages"] = config.spark_packages
    else:
        conf["spark.driver.extraClassPath"] = f"{config.jars}/spark/*"
    if not on_a_cluster(config):
        return conf
    code = code_archive(config.var / "spark")
    conf |= {
        "spark.executor.memory": config.spark_executor_memory,
        "spark.executor.cores": str(config.spark_executor_cores),
        "spark.executor.extraJavaOptions": " ".join(JVM_OPTIONS),
        "spark.files": str(code),
        # Executors fetch it into the folder in which they work.
        "spark.executorEnv.PYTHONPATH": code.name,
    }
    if config.spark_cores:
        conf["spark.cores.max"] = str(config.spark_cores)
    if not config.spark_packages and (found := sorted((config.jars / "spark").glob("*.jar"))):
        conf["spark.jars"] = ",".join(map(str, found))
    if config.spark_archive:
        conf["spark.archives"] = f"{config.spark_archive}#{_UNPACKED}"
    return conf | secured(config)


def secured(config: Settings) -> dict[str, str]:
    """What lets only those into a standalone cluster, and to its drivers, who know the secret."""
    if not (secret := config.spark_secret.get_secret_value()):
        return {}
    return {
        "spark.authenticate": "true",
        "spark.authenticate.secret": secret,
        "spark.network.crypto.enabled": str(config.spark_encryption).lower(),
    }


def executors_python(config: Settings) -> str:
    """The Python of the executors, as they find it."""
    return f"./{_UNPACKED}/bin/python" if config.spark_archive and on_a_cluster(config) else config.spark_python


class ClusterError(AcudeError):
    """A Spark cluster takes no driver."""


def require_master(config: Settings) -> None:
    """Finds a standalone cluster's master; Spark itself would try for a minute, and say less.

    Raises:
        ClusterError: none answers.
    """
    if not config.spark_master.startswith(_STANDALONE):
        return
    for place in config.spark_master.removeprefix(_STANDALONE).split(","):
        host, _, port = place.rpartition(":")
        with suppress(OSError, ValueError), socket.create_connection((host, int(port)), timeout=_MASTER_MAY_TAKE_S):
            return
    raise ClusterError(
        f"The Spark master {config.spark_master} does not answer.",
        "Start it (on one machine `acude up --workers 2` does), or set ACUDE_SPARK_MASTER.",
    )


def on_a_cluster(config: Settings) -> bool:
    """Whether executors are processes of their own, maybe on other hosts."""
    return not config.spark_master.startswith("local")

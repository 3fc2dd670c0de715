"""A Spark standalone cluster on this machine: a master and workers, each a process with a folder of its own."""

from acude.files import write_private
from acude.lake.executors import secured
from acude.local.java import find_java
from acude.local.probe import answers
from acude.local.servers.spark import driver_environment, prepare_driver, spark_home
from acude.local.service import Service
from acude.settings import Settings

DRIVERS = 3
"""That have executors at a time: the streams', the batch's, and one for maintenance or a rebuild."""

_MASTER = "spark-master"

OF_WORKERS = {"SPARK_SCALA_VERSION": "2.13"}
"""Variables of workers and so of executors. A worker that `spark-class` did not start looks for Spark's sources."""


def services(config: Settings) -> list[Service]:
    """Master and workers; none where the settings want no workers."""
    if not config.spark_workers:
        return []
    return [_master(config), *(_worker(config, number) for number in range(1, config.spark_workers + 1))]


def _master(config: Settings) -> Service:
    page = config.spark_master_port + 1
    return Service(
        name=_MASTER,
        purpose="the Spark cluster's master",
        command=[
            *_java(config),
            "org.apache.spark.deploy.master.Master",
            *("--host", config.spark_host, "--port", str(config.spark_master_port), "--webui-port", str(page)),
            *("--properties-file", str(_properties(config))),
        ],
        environment=driver_environment(config),
        ready=answers(health := f"http://{config.here}:{page}/json/"),
        health=health,
        prepare=_prepare,
        address=config.spark_master,
        ports=[(config.spark_master_port, "spark_master_port"), (page, "spark_master_port")],
    )


def _worker(config: Settings, number: int) -> Service:
    page = config.spark_master_port + 1 + number
    folder = config.var / "spark" / f"worker-{number}"
    return Service(
        name=f"spark-worker-{number}",
        purpose="runs executors",
        command=[
            *_java(config),
            "org.apache.spark.deploy.worker.Worker",
            *("--host", config.spark_host, "--webui-port", str(page), "--work-dir", str(folder)),
            *("--cores", str(DRIVERS * config.spark_executor_cores)),
            *("--memory", _times(config.spark_executor_memory, DRIVERS)),
            *("--properties-file", str(_properties(config))),
            config.spark_master,
        ],
        # Their own alone: what executors know comes from their driver.
        environment=driver_environment(config) | {"SPARK_LOCAL_DIRS": str(folder), **OF_WORKERS},
        ready=answers(health := f"http://{config.here}:{page}/json/"),
        health=health,
        prepare=_prepare,
        address=f"http://{config.here}:{page}",
        ports=[(page, "spark_master_port")],
        after=(_MASTER,),
    )


def _java(config: Settings) -> list[str]:
    java = find_java(config)
    return [str(java or "java"), "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{spark_home()}/jars/*"]


def _properties(config: Settings) -> str:
    return f"{config.var}/spark/cluster.properties"


def _prepare(config: Settings) -> None:
    prepare_driver(config)
    found = secured(config) | {
        # Anybody who can open the page could end an application.
        "spark.ui.killEnabled": "false",
        # It would take jobs from whoever asks.
        "spark.master.rest.enabled": "false",
        "spark.master.ui.decommission.allow.mode": "DENY",
        "spark.worker.cleanup.enabled": "true",
        "spark.worker.cleanup.appDataTtl": "3600",
    }
    write_private(config.var / "spark" / "cluster.properties", "".join(f"{k}={v}\n" for k, v in found.items()))


def _times(memory: str, number: int) -> str:
    """`number` times as much memory.

    >>> _times("512m", 3)
    '1536m'
    """
    return f"{int(memory[:-1]) * number}{memory[-1]}"

"""Where executors run, and how the project's code, Spark's jars and Python reach them.

In the driver's own process (`local[N]`) all is there already. To a cluster the driver brings its own code, so that
executors never run another version of it: a zip of the packages, which each executor fetches before its first task.
"""

import hashlib
import socket
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from acude.errors import AcudeError
from acude.settings import Settings

# UTC for the JVM too: java.sql types and the Kafka source's timestamps pass through it.
JVM_OPTIONS = ("-Duser.timezone=UTC", "-XX:+UseParallelGC", "-XX:-UsePerfData")

_PACKAGES = ("acude", "jobs")

_UNPACKED = "environment"
"""Where executors unpack the environment archive, below their working directory."""

_STANDALONE = "spark://"
_MASTER_MAY_TAKE_S = 10

_SAME_MOMENT = (2026, 1, 1, 0, 0, 0)


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
        "spark.network.crypto.enabled": str(config.tls).lower(),
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


def code_archive(folder: Path) -> Path:
    """The project's packages as one zip, made where there is none of this content.

    Args:
        folder: where it is kept; the name tells the content.
    """
    found = dict(_sources())
    content = hashlib.sha256()
    for name, text in sorted(found.items()):
        content.update(name.encode() + b"\0" + text + b"\0")
    path = folder / f"acude-{content.hexdigest()[:16]}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(found.items()):
                archive.writestr(zipfile.ZipInfo(name, _SAME_MOMENT), text)
        part.replace(path)
    return path


def _sources() -> Iterator[tuple[str, bytes]]:
    for package in _PACKAGES:
        spec = find_spec(package)
        for root in map(Path, spec.submodule_search_locations or () if spec else ()):
            for path in root.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield str(Path(package) / path.relative_to(root)), path.read_bytes()

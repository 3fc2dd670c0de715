"""The warm Spark: one Spark Connect server in which every batch task opens a session, instead of a JVM start each."""

import sys
from importlib.util import find_spec
from pathlib import Path

from acude.local.environment import write_private
from acude.local.errors import PlatformError
from acude.local.java import find_java, require_jars, require_java
from acude.local.service import Service
from acude.settings import HOST, Settings


def service(config: Settings) -> Service:
    """The batch driver."""
    home = _spark_home()
    java = find_java(config)
    return Service(
        name="spark-batch",
        purpose="warm Spark for batch jobs",
        command=[
            sys.executable,
            "-m",
            "acude.lake.batch_driver",
            str(home / "bin" / "spark-submit"),
            "--properties-file",
            str(_properties(config)),
            "--class",
            "org.apache.spark.sql.connect.service.SparkConnectServer",
            "--name",
            "acude-batch",
            "spark-internal",
        ],
        environment={
            "SPARK_HOME": str(home),
            **({"JAVA_HOME": str(java.parent.parent)} if java else {}),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": HOST,
        },
        ready=ready,
        prepare=prepare,
        finish=create_tables,
        address=f"sc://localhost:{config.spark_connect_port}",
        login="token in var/local.env",
        ports=[(config.spark_connect_port, "spark_connect_port")],
        after=("s3",),
        timeout_s=90,
        directory=config.var / "spark",
    )


def ready(config: Settings) -> None:
    """Ask for a property. The bare client does, for a `SparkSession` would change this process's mode."""
    from pyspark.sql.connect.client import SparkConnectClient  # noqa: PLC0415 - takes a second

    client = SparkConnectClient(config.spark_remote or "")
    # The platform asks again by itself; the client would warn aloud.
    client.set_retry_policies([])
    try:
        client.get_configs("spark.app.name")
    finally:
        client.close()


def create_tables(config: Settings) -> None:
    """Create empty tables and new columns, so that everybody can read them from the first day on."""
    from acude.lake.maintenance import create_all  # noqa: PLC0415 - imports Spark, which takes a second

    create_all(config)


def prepare(config: Settings) -> None:
    """Write the driver's properties; they hold S3's secret and the token, so nobody else may read them."""
    require_java(config)
    require_jars(config, "spark")
    (config.var / "spark").mkdir(parents=True, exist_ok=True)
    write_private(_properties(config), render(connect_conf(config)))


def connect_conf(config: Settings) -> dict[str, str]:
    """Spark's properties for the Connect server."""
    from acude.lake.session import spark_conf  # noqa: PLC0415 - imports Spark, which takes a second

    return spark_conf(config) | {
        "spark.master": "local[2]",
        "spark.connect.grpc.binding.address": HOST,
        "spark.connect.grpc.binding.port": str(config.spark_connect_port),
        "spark.connect.authenticate.token": config.spark_connect_token.get_secret_value(),
    }


def render(conf: dict[str, str]) -> str:
    r"""A properties file in Java's syntax.

    >>> render({"spark.a": "x\\y"})
    'spark.a=x\\\\y\n'
    """
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in conf.items())


def _spark_home() -> Path:
    spec = find_spec("pyspark")
    if not spec or not spec.origin:
        raise PlatformError("pyspark is not installed.", "Run `make install`.")
    return Path(spec.origin).parent


def _properties(config: Settings) -> Path:
    return config.var / "spark" / "connect.properties"

"""Settings of Spark: drivers, executors, and the cluster that they may run on."""

import os
import sys

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class SparkSettings(BaseSettings):
    """Read as a part of `acude.settings.Settings` alone."""

    spark_connect_port: int = 15002
    spark_connect_token: SecretStr = Field(
        default=SecretStr(""), description="What the warm batch server asks of its clients"
    )
    # Not shown: on one machine the address carries the token.
    spark_remote: str | None = Field(
        default=None, repr=False, description="Spark Connect address of the warm batch server"
    )
    spark_master: str = Field(
        default="local[*]", description="Where executors run: local[N], spark://host:port, or a cluster's own name"
    )
    spark_workers: int = Field(default=0, ge=0, description="Workers of the local cluster; 0: Spark without a cluster")
    spark_master_port: int = Field(default=7077, description="Port of the local cluster's master")
    spark_driver_host: str = Field(
        default="", description="The name by which executors reach a driver; empty: ACUDE_BIND's address"
    )
    spark_partitions: int = Field(
        default_factory=lambda: max(2, min(os.cpu_count() or 2, 32)),
        ge=1,
        description="Tasks of a micro-batch and of a shuffle: as many as there are cores",
    )
    spark_memory: str = Field(default="1g", pattern=r"^\d+[kmgt]$", description="Heap of each Spark driver")
    spark_executor_memory: str = Field(default="1g", pattern=r"^\d+[kmgt]$", description="Heap of each executor")
    spark_executor_cores: int = Field(default=1, ge=1, description="Tasks that an executor runs at a time")
    spark_cores: int = Field(default=0, ge=0, description="Most cores of a cluster that one driver takes; 0: all")
    spark_python: str = Field(
        default=sys.executable, description="Python on the executors; the packages of requirements.txt are in it"
    )
    spark_packages: str = Field(
        default="", description="Maven coordinates instead of ACUDE_JARS, for a cluster that fetches its own jars"
    )
    spark_archive: str = Field(
        default="",
        description="An archive of an environment (venv-pack), which is the executors' Python then",
    )
    spark_secret: SecretStr = Field(
        default=SecretStr(""), description="What a standalone cluster and its drivers know of each other"
    )
    spark_encryption: bool = Field(
        default=False, description="What the processes of such a cluster send each other is encrypted; needs the secret"
    )
    jvm_short_lived: bool = Field(
        default=False, description="Spark and Kafka will live for minutes: compile their code soon rather than well"
    )

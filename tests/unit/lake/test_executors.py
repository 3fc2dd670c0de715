"""What reaches executors, and where they run."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from acude.lake.code_archive import code_archive
from acude.lake.executors import ClusterError, executors_conf, executors_python, require_master
from acude.settings import Settings


@pytest.fixture
def cluster(tmp_path: Path) -> Settings:
    """Settings of a standalone cluster."""
    return Settings(var=tmp_path, jars=tmp_path / "jars", spark_master="spark://master:7077")


def test_without_a_cluster_nothing_is_brought(tmp_path: Path) -> None:
    conf = executors_conf(Settings(var=tmp_path, spark_master="local[*]"))
    assert conf["spark.master"] == "local[*]"
    assert not {"spark.files", "spark.jars", "spark.executorEnv.PYTHONPATH"} & set(conf)
    assert not list(tmp_path.iterdir())


def test_executors_import_the_drivers_code_wherever_they_work(cluster: Settings, tmp_path: Path) -> None:
    conf = executors_conf(cluster)
    brought = Path(conf["spark.files"])
    # Python's own folder of packages is left out: what is installed there would do, too.
    found = subprocess.run(
        [sys.executable, "-S", "-c", "import acude, jobs; print(acude.__file__)"],
        cwd=brought.parent,
        env={"PYTHONPATH": conf["spark.executorEnv.PYTHONPATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".zip/acude/__init__.py" in found.stdout
    assert brought.is_relative_to(tmp_path)


def test_the_same_code_is_the_same_archive(tmp_path: Path) -> None:
    assert code_archive(tmp_path) == code_archive(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_jars_come_from_the_driver_unless_the_cluster_fetches_them(cluster: Settings) -> None:
    (cluster.jars / "spark").mkdir(parents=True)
    (cluster.jars / "spark" / "delta.jar").touch()
    assert executors_conf(cluster)["spark.jars"].endswith("/spark/delta.jar")
    conf = executors_conf(cluster.model_copy(update={"spark_packages": "io.delta:delta-spark_2.13:4.4.0"}))
    assert "spark.jars" not in conf
    assert conf["spark.jars.packages"] == "io.delta:delta-spark_2.13:4.4.0"


def test_an_archive_is_the_executors_python_on_a_cluster_alone(cluster: Settings) -> None:
    packed = cluster.model_copy(update={"spark_archive": "s3a://code/environment.tar.gz"})
    assert executors_conf(packed)["spark.archives"] == "s3a://code/environment.tar.gz#environment"
    assert executors_python(packed) == "./environment/bin/python"
    assert executors_python(packed.model_copy(update={"spark_master": "local[2]"})) == sys.executable


def test_a_cluster_with_a_secret_is_asked_with_it(cluster: Settings) -> None:
    assert "spark.authenticate" not in executors_conf(cluster)
    conf = executors_conf(cluster.model_copy(update={"spark_secret": SecretStr("a")}))
    assert (conf["spark.authenticate"], conf["spark.authenticate.secret"]) == ("true", "a")


@pytest.mark.parametrize("on", [False, True])
def test_what_it_says_is_encrypted_where_that_is_wanted_whatever_kafka_does(cluster: Settings, *, on: bool) -> None:
    told = {"spark_secret": SecretStr("a"), "spark_encryption": on, "kafka_tls": not on}
    assert executors_conf(cluster.model_copy(update=told))["spark.network.crypto.enabled"] == str(on).lower()


def test_a_master_that_does_not_answer_is_named() -> None:
    with pytest.raises(ClusterError, match=r"spark://127.0.0.1:1 does not answer"):
        require_master(Settings(spark_master="spark://127.0.0.1:1"))

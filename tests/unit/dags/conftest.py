"""Airflow in a home of its own, so that these tests neither read nor write a user's."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="acude-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

from airflow.dag_processing.dagbag import DagBag

FOLDER = Path(__file__).resolve().parents[3] / "dags"


@pytest.fixture(scope="session")
def dag_bag() -> DagBag:
    """All DAG files, read as Airflow reads them."""
    return DagBag(FOLDER, bundle_path=FOLDER, bundle_name="dags-folder")


@pytest.fixture(scope="session")
def dags(dag_bag: DagBag) -> Mapping[str, Any]:
    """The DAGs by name."""
    return dict(dag_bag.dags)

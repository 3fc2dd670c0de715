"""An installed policy, its versions, and a model."""

from pathlib import Path

import pytest

from acude.payments.versions import Versions
from acude.settings import Settings
from tests.buckets import MemoryBucket
from tests.unit.risk.candidates import noise_model, policy


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of noise."""
    return noise_model(tmp_path_factory.mktemp("modelo"))


@pytest.fixture
def config(tmp_path: Path, bucket: MemoryBucket) -> Settings:  # noqa: ARG001 - the versions lie in it
    """Settings whose own policy is called instalada."""
    policy(tmp_path, "instalada")
    return Settings(_env_file=None, var=tmp_path / "var", risk_policy=tmp_path / "instalada.yaml")  # type: ignore[call-arg]


@pytest.fixture
def versions(config: Settings) -> Versions:
    """The versions that were promoted, none yet."""
    return Versions(config)

"""Small objects that several processes may replace, on the real object store."""

from uuid import uuid4

import pytest

from acude.aws import s3
from acude.lake import conditional
from acude.local.platform import Platform
from tests.buckets import drop


@pytest.fixture
def key() -> str:
    return f"_controle/{uuid4()}.json"


def test_only_who_has_seen_the_last_state_replaces_it(platform: Platform, key: str) -> None:
    config = platform.config.model_copy(update={"lake_bucket": f"acude-teste-{uuid4().hex[:12]}"})
    s3(config).create_bucket(Bucket=config.lake_bucket)
    assert conditional.read(key, config) is None
    first = conditional.replace(key, b"1", None, config)
    assert first
    assert conditional.replace(key, b"2", None, config) is None
    second = conditional.replace(key, b"3", first, config)
    assert second
    assert conditional.replace(key, b"4", first, config) is None
    assert conditional.read(key, config) == (b"3", second)
    drop(config.lake_bucket, config)

"""Who replaces a small object, where an answer of S3 is lost and the client sends the same again."""

from typing import Any

import pytest

from acude.ingestion.checkpoint import Beginning, Checkpoint
from acude.lake import conditional
from acude.settings import settings
from tests.buckets import MemoryBucket

KEY = "_controle/x.json"


@pytest.fixture
def answers_get_lost(bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write is taken, its answer is lost, and botocore sends it once more."""
    write = bucket.put_object

    def twice(**given: Any) -> object:  # noqa: ANN401 - boto3's
        write(**given)
        return write(**given)

    monkeypatch.setattr(bucket, "put_object", twice)


@pytest.mark.usefixtures("answers_get_lost")
def test_a_write_whose_answer_was_lost_is_the_writers_own() -> None:
    first = conditional.replace(KEY, b"1", None, settings())
    assert conditional.read(KEY, settings()) == (b"1", first)
    second = conditional.replace(KEY, b"2", first, settings())
    assert conditional.read(KEY, settings()) == (b"2", second)


@pytest.mark.usefixtures("answers_get_lost")
def test_a_driver_whose_answers_get_lost_goes_on() -> None:
    found = Checkpoint(settings())
    found.begin({}, lambda: Beginning({}, None))
    assert found.stamp(0)


@pytest.mark.usefixtures("bucket")
def test_a_write_that_came_second_is_refused() -> None:
    first = conditional.replace(KEY, b"1", None, settings())
    assert conditional.replace(KEY, b"2", None, settings()) is None
    assert conditional.replace(KEY, b"2", first, settings())
    assert conditional.replace(KEY, b"3", first, settings()) is None


def test_a_write_into_the_place_of_an_object_that_is_gone_is_refused(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = conditional.replace(KEY, b"1", None, settings())
    bucket.objects[KEY] = (b"2", bucket.objects[KEY][1])
    write = bucket.put_object

    def late(**given: Any) -> object:  # noqa: ANN401 - boto3's
        try:
            return write(**given)
        finally:
            bucket.objects.pop(KEY)

    monkeypatch.setattr(bucket, "put_object", late)
    assert conditional.replace(KEY, b"3", first, settings()) is None

"""A deletion that S3 refuses for single keys is an error, though S3's answer as a whole is a yes."""

import pytest
from botocore.exceptions import ClientError

from acude import aws
from tests.buckets import MemoryBucket


def test_a_key_that_s3_does_not_delete_is_an_error(bucket: MemoryBucket) -> None:
    for key in ("a", "b"):
        bucket.put_object(Key=key, Body=b"")
    bucket.refuses = "AccessDenied"
    with pytest.raises(ClientError, match=r"AccessDenied.*DeleteObjects.*a") as caught:
        aws.delete("lake", ["a", "b"])
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    bucket.refuses = ""
    aws.delete("lake", ["a", "b"])
    assert bucket.objects == {}

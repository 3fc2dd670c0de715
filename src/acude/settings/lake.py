"""Settings of the object store and its buckets, and for how long the lake keeps files."""

from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class LakeSettings(BaseSettings):
    """Read as a part of `acude.settings.Settings` alone."""

    aws_region: str = "us-east-1"
    s3_port: int = 8333
    s3_internal_port: int = Field(
        default=18330, description="First of the seven ports that the local S3 server's parts share"
    )
    s3_endpoint: str | None = Field(default=None, description="None: the real S3")
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    lake_bucket: str = "acude-lake"
    inbox_bucket: str = "acude-inbox"
    results_bucket: str = "acude-athena-results"
    expire_after: timedelta = Field(
        default=timedelta(days=7),
        ge=timedelta(),
        description="How long files that a table no longer needs are kept; longer than the longest outage of a reader",
    )
    rejected_kept: timedelta = Field(
        default=timedelta(days=30),
        description="How long rows that an audit refused can be looked at; they hold personal data",
    )

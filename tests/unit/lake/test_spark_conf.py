"""Where Spark finds S3, and as whom."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from acude.lake.session import spark_conf
from acude.settings import Settings

KEYS = {"s3_access_key": SecretStr("k"), "s3_secret_key": SecretStr("s")}


def s3_of(folder: Path, **given: object) -> dict[str, str]:
    """What a driver is told of S3."""
    config = Settings(_env_file=None).model_copy(update={"var": folder, "aws_region": "sa-east-1"} | given)  # type: ignore[call-arg]
    mark = "spark.hadoop.fs.s3a."
    return {name.removeprefix(mark): value for name, value in spark_conf(config).items() if name.startswith(mark)}


def test_on_aws_it_has_the_region_and_the_keys_where_there_are_any(tmp_path: Path) -> None:
    assert s3_of(tmp_path, s3_access_key=None, s3_secret_key=None) == {"endpoint.region": "sa-east-1"}
    found = s3_of(tmp_path, **KEYS)
    assert (found["access.key"], found["secret.key"], "endpoint" in found) == ("k", "s", False)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_at_an_endpoint_it_speaks_as_that_says(tmp_path: Path, scheme: str) -> None:
    found = s3_of(tmp_path, s3_endpoint=f"{scheme}://s3:8333", **KEYS)
    assert (found["endpoint"], found["path.style.access"]) == (f"{scheme}://s3:8333", "true")
    assert found["connection.ssl.enabled"] == str(scheme == "https").lower()


def test_a_variable_set_to_nothing_leaves_an_optional_setting_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_ENDPOINT", "GLUE_ENDPOINT", "S3_ACCESS_KEY", "TLS_AUTHORITY", "WAREHOUSES_URL"):
        monkeypatch.setenv(f"ACUDE_{name}", "")
    found = Settings(_env_file=None)  # type: ignore[call-arg]
    assert [found.s3_endpoint, found.glue_endpoint, found.s3_access_key, found.tls_authority] == [None] * 4
    # Of the others nothing is a value.
    assert found.warehouses_url == ""

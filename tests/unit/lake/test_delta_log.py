"""The log of the lake that was named, and of no other, gets shorter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acude import aws
from acude.contracts.model import table
from acude.lake import delta_log
from acude.settings import Settings

EVENTS = table("silver.eventos_clientes")
OLD = datetime.now(UTC) - timedelta(hours=2)


class Lake:
    """A log of three commits with a checkpoint at the second."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def get_paginator(self, _: str) -> "Lake":
        return self

    def paginate(self, *, Bucket: str, Prefix: str, **_: object) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        self.asked.append((Bucket, 0))
        names = ["0.json", "1.json", "1.checkpoint.parquet", "2.json"]
        yield {"Contents": [{"Key": f"{Prefix}{int(n[0]):020}{n[1:]}", "LastModified": OLD} for n in names]}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> None:  # noqa: N803 - boto3's names
        self.asked.append((Bucket, len(Delete["Objects"])))


def test_the_log_of_other_settings_is_pruned_there(monkeypatch: pytest.MonkeyPatch) -> None:
    lakes = {"here": Lake(), "elsewhere": Lake()}
    monkeypatch.setattr(aws, "_s3", lambda config: lakes[config.lake_bucket])
    monkeypatch.setattr(delta_log, "settings", lambda: Settings(lake_bucket="here"))
    assert delta_log.prune(EVENTS, Settings(lake_bucket="elsewhere"), kept_commits=0) == 1
    assert (lakes["here"].asked, lakes["elsewhere"].asked) == ([], [("elsewhere", 0), ("elsewhere", 1)])

"""The log of the lake that was named, and of no other, gets shorter."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from acude import aws
from acude.contracts.arrow import arrow_schema
from acude.contracts.model import table
from acude.lake import delta_log
from acude.lake.ensure_table import properties
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

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.asked.append((Bucket, len(Delete["Objects"])))
        return {}


def test_delta_does_not_shorten_a_log_that_streams_follow(tmp_path: Path) -> None:
    place = str(tmp_path)
    first = DeltaTable.create(place, arrow_schema(EVENTS), configuration=properties(EVENTS, Settings()))
    for number in range(60):
        first.alter.set_table_description(str(number))
    log = tmp_path / "_delta_log"
    assert list(log.glob("*.checkpoint.parquet"))
    long_ago = OLD.timestamp()
    for entry in log.iterdir():
        os.utime(entry, (long_ago, long_ago))
    for number in range(60):
        first.alter.set_table_description(str(number))
    assert (log / f"{0:020}.json").exists()


def test_the_log_of_other_settings_is_pruned_there(monkeypatch: pytest.MonkeyPatch) -> None:
    lakes = {"here": Lake(), "elsewhere": Lake()}
    monkeypatch.setattr(aws, "_s3", lambda config, _: lakes[config.lake_bucket])
    monkeypatch.setattr(delta_log, "settings", lambda: Settings(lake_bucket="here"))
    assert delta_log.prune(EVENTS, Settings(lake_bucket="elsewhere"), kept_commits=0) == 1
    assert (lakes["here"].asked, lakes["elsewhere"].asked) == ([], [("elsewhere", 0), ("elsewhere", 1)])

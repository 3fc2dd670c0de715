"""What makes a demo fail, and which day it plays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from acude.aws import s3
from acude.demo import shop
from acude.demo.result import PropertyResult, ShopResult
from acude.errors import AcudeError
from acude.local.platform import Platform
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.play import Summary

FIRST_LIVE_DAY = datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture
def config(platform: Platform) -> Iterator[Settings]:
    """An inbox of the test's own."""
    bucket, client = f"acude-teste-{uuid4().hex[:12]}", s3(platform.config)
    client.create_bucket(Bucket=bucket)
    yield platform.config.model_copy(update={"inbox_bucket": bucket})
    for entry in client.list_objects_v2(Bucket=bucket).get("Contents", ()):
        client.delete_object(Bucket=bucket, Key=entry["Key"])
    client.delete_bucket(Bucket=bucket)


def exported(config: Settings, *names: str) -> None:
    for name in names:
        s3(config).put_object(Bucket=config.inbox_bucket, Key=f"vendas/{name}", Body=b"")


def test_each_demo_plays_the_day_after_those_that_the_shop_has_exported(config: Settings) -> None:
    day = shop.FIRST_DAY
    assert shop.next_day(config) == day
    exported(config, f"loja/{day}.parquet", f"parceiro/{day + timedelta(days=1)}.csv")
    assert shop.next_day(config) == day + timedelta(days=1)
    exported(config, f"loja/{day + timedelta(days=1)}.parquet")
    assert shop.next_day(config) == day + timedelta(days=2)


def test_the_live_shops_days_are_not_played(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "FIRST_DAY", FIRST_LIVE_DAY - timedelta(days=1))
    assert shop.next_day(config) == FIRST_LIVE_DAY - timedelta(days=1)
    exported(config, f"loja/{FIRST_LIVE_DAY - timedelta(days=1)}.parquet")
    with pytest.raises(AcudeError, match="Every day up to yesterday was played"):
        shop.next_day(config)


@pytest.mark.parametrize("answers", [{}, {("eventos_clientes", "valido", ledgers.UNANSWERED): 20_000}])
def test_a_day_of_which_the_broker_took_nothing_fails(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: dict[tuple[str, str, str], int]
) -> None:
    now = datetime.now(UTC)
    played = Summary("20260105T000000-1", tmp_path, now, now, sum(answers.values()), 0, answers, 1.0)
    monkeypatch.setattr(shop, "_play_with_a_kill", lambda *_: played)
    with pytest.raises(AcudeError, match="accepted none of the shop's events"):
        shop.run(platform, lambda _: None)


@pytest.mark.parametrize("broken", range(5))
def test_a_demo_holds_only_with_all_five_properties(broken: int) -> None:
    def result(properties: int, *, held: bool) -> ShopResult:
        return ShopResult(shop.FIRST_DAY, [PropertyResult(str(n), held or n != broken, "") for n in range(properties)])

    assert result(5, held=True).held
    assert not result(5, held=False).held
    assert not result(4, held=True).held

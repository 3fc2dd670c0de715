"""What an alert says of a failure, wherever it is written."""

import logging

import pytest

from acude.lake import run_records
from acude.masking import MASK
from acude.orchestration import alerts
from acude.orchestration.alerts import Alert, send
from acude.settings import settings
from tests.buckets import MemoryBucket


def test_an_alert_has_no_number_in_the_log_in_the_lake_and_for_the_webhook(
    bucket: MemoryBucket,  # noqa: ARG001 - alerts lie there
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[bytes] = []
    monkeypatch.setattr(alerts, "_deliver", lambda alert: told.append(alert.data))
    monkeypatch.setenv("ACUDE_WEBHOOK_URL", "http://localhost/webhook")
    settings.cache_clear()
    with caplog.at_level(logging.ERROR):
        sent = send("falhou", "vendas", "r1", "vendas.refinar failed: row 529.982.247-25;41111111-11111111")
    said = f"vendas.refinar failed: row {MASK};{MASK}"
    assert said in caplog.text
    assert "982" not in caplog.text
    for key in (sent.key, sent.waiting_key):
        kept = run_records.get(Alert, key)
        assert kept
        assert kept.text == said
    assert MASK.encode() in told[0]
    assert b"982" not in told[0]

"""A driver is ready once each of its queries has got through a batch, and shows when that was last so."""

from types import SimpleNamespace
from typing import Any

import pytest

from jobs.streaming import progress
from jobs.streaming.progress import BatchLog, StreamMetrics


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> StreamMetrics:
    monkeypatch.setattr(progress, "_ADVANCED", {})
    return StreamMetrics(["ingest", "stock"])


def started(log: BatchLog, name: str) -> None:
    event: Any = SimpleNamespace(name=name, id="i", runId=f"run-of-{name}")
    log.onQueryStarted(event)


def advances(log: BatchLog, name: str) -> None:
    numbers = {"batchId": 1, "numInputRows": 0, "name": name}
    event: Any = SimpleNamespace(progress=SimpleNamespace(**numbers))
    log.onQueryProgress(event)


def is_idle(log: BatchLog, name: str) -> None:
    event: Any = SimpleNamespace(runId=f"run-of-{name}")
    log.onQueryIdle(event)


def test_a_query_that_has_only_started_is_not_ready(metrics: StreamMetrics) -> None:
    log = BatchLog()
    for name in ("ingest", "stock"):
        started(log, name)
    advances(log, "ingest")
    assert (metrics.look(), metrics.ready) == (False, False)
    # Of another session, as `measure` has one.
    other = BatchLog()
    started(other, "stock")
    is_idle(other, "stock")
    assert (metrics.look(), metrics.ready) == (True, True)


def test_the_time_of_the_last_batch_is_shown_and_at_first_that_of_the_start(
    metrics: StreamMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> list[float | None]:
        get = metrics.registry.get_sample_value
        return [get("fluxos_avanco_segundos", {"consulta": name}) for name in ("ingest", "stock")]

    began = shown()
    assert None not in began
    monkeypatch.setattr("time.time", lambda: 4e9)
    advances(BatchLog(), "ingest")
    assert shown() == [4e9, began[1]]


def test_how_far_back_repeats_are_found_is_shown(metrics: StreamMetrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_KNOWN_IDS", {})
    progress.tell_known_ids(1.7e9, 12, 336)
    names = ("fluxos_repeticoes_desde_segundos", "fluxos_ids_conhecidos", "fluxos_ids_conhecidos_bytes")
    assert [metrics.registry.get_sample_value(name) for name in names] == [1.7e9, 12, 336]

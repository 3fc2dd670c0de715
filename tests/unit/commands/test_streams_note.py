"""`acude status` says how far back the streams find repeats."""

from collections.abc import Iterator

import pytest

from acude.commands.streams_note import streams_note
from acude.kafka.health import serve
from acude.settings import Settings
from jobs.streaming import progress
from jobs.streaming.progress import StreamMetrics
from tests.programs import free_port


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(progress, "_KNOWN_IDS", {})
    found = free_port()
    shown = serve(StreamMetrics(["ingest"]), Settings(), found)
    yield found
    shown.shutdown()


def test_a_driver_says_how_far_back_it_finds_repeats(port: int) -> None:
    progress.tell_known_ids(1_795_000_000, 12, 336)
    assert streams_note(port) == "finds repeats of events that landed after 2026-11-18 11:06 UTC"


def test_a_driver_that_has_landed_nothing_says_nothing(port: int) -> None:
    assert streams_note(port) == ""


def test_where_no_driver_answers_nothing_is_said() -> None:
    assert streams_note(free_port()) == ""

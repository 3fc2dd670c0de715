"""A payment whose id is a document is asked for as the stores have it, however a person types it."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from acude.cli import app
from acude.contracts.documents import as_stored
from acude.payments import store
from acude.payments.trace import gather
from acude.settings import settings

COMPACT, TYPED = "11222333000181", "11.222.333/0001-81"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ACUDE_DOCUMENT_KEY", "a test's own")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("typed", [TYPED, COMPACT])
def test_a_trace_is_gathered_by_the_token(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    asked: list[str] = []

    def gathered(_: object, wanted: str) -> gather.Trace:
        asked.append(wanted)
        return gather.Trace()

    monkeypatch.setattr(gather, "gather", gathered)
    assert CliRunner().invoke(app, ["trace", typed]).exit_code == 3
    assert asked == [as_stored(settings(), COMPACT)]


@pytest.mark.parametrize("typed", [TYPED, COMPACT])
def test_why_asks_and_audits_by_the_token(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    asked: list[str] = []

    class Nobody:
        def __init__(self, _: object) -> None:
            """No database."""

        def decision(self, id_transacao: str) -> None:
            asked.append(id_transacao)

        def audit(self, event: Any) -> None:  # noqa: ANN401 - an event
            asked.append(event.objeto)

        def close(self) -> None:
            """Nothing."""

    monkeypatch.setattr(store, "Store", Nobody)
    assert CliRunner().invoke(app, ["risk", "why", typed]).exit_code == 3
    assert asked == [as_stored(settings(), COMPACT)] * 2


def test_an_id_without_a_document_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUDE_DOCUMENT_KEY", "")
    settings.cache_clear()
    assert as_stored(settings(), "t-1") == "t-1"

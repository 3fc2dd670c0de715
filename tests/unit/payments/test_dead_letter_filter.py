"""Which dead letters `acude deadletters` lists and sends again."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from typer.testing import CliRunner

from acude.cli import app
from acude.ingestion import quarantine
from acude.ingestion.quarantine import Answer, Refused
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate
from acude.payments import deadletters
from acude.payments.deadletters import Letter

NEWEST_FIRST = [
    Letter(Coordinate(topic, 0, offset), reason, "", 1, "t", datetime(2026, 11, day, 12, tzinfo=UTC), b"k", b"v")
    for topic, offset, reason, day in [
        ("decisoes_risco", 4, "nao_gravado", 22),
        ("alertas", 3, "webhook_recusou", 21),
        ("alertas", 2, "webhook_sem_resposta", 21),
        ("alertas", 1, "webhook_sem_resposta", 20),
    ]
]
EACH = [
    (("--all",), [1, 2, 3, 4]),
    (("--motivo", "webhook_sem_resposta"), [1, 2]),
    (("--topico", "decisoes_risco"), [4]),
    (("--topico", "contestacoes"), []),
    (("--from", "2026-11-21"), [2, 3, 4]),
    (("--to", "2026-11-20"), [1]),
    (("--from", "2026-11-21", "--to", "2026-11-21", "--motivo", "webhook_sem_resposta"), [2]),
    (("--record", "alertas/0/3"), [3]),
    (("--record", "alertas/1/3"), []),
]


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    """The command's answer where these letters wait, and everything can be sent."""

    def send(records: Iterable[Refused]) -> list[Answer]:
        return [Answer(record) for record in records]

    monkeypatch.setattr(deadletters, "letters", lambda _: NEWEST_FIRST)
    monkeypatch.setattr(quarantine, "already_sent", lambda _: set())
    monkeypatch.setattr(quarantine, "send_again", send)
    answer = CliRunner().invoke(app, ["deadletters", *arguments, "--json"])
    return json.loads(answer.stdout) if answer.exit_code == 0 else answer.output


@pytest.mark.parametrize(("which", "offsets"), EACH)
def test_a_filter_chooses_what_is_sent_again_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch, which: tuple[str, ...], offsets: list[int]
) -> None:
    sent = asked(monkeypatch, "replay", *which)["enviados"]
    assert [int(place.rpartition("/")[2]) for place in sent] == offsets


@pytest.mark.parametrize(("which", "offsets"), [one for one in EACH if one[0][0] in {"--motivo", "--topico", "--from"}])
def test_the_list_takes_the_same_filters(
    monkeypatch: pytest.MonkeyPatch, which: tuple[str, ...], offsets: list[int]
) -> None:
    listed = asked(monkeypatch, "list", *which)
    assert [one["deslocamento"] for one in listed] == offsets[::-1]


def test_a_topic_that_no_contract_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no topic 'alerta'" in asked(monkeypatch, "replay", "--topico", "alerta")


def test_a_day_is_utcs() -> None:
    evening = datetime(2026, 11, 20, 22, tzinfo=timezone(timedelta(hours=-3)))
    letter = Letter(Coordinate("alertas", 0, 1), "webhook_recusou", "", 1, "t", evening, None, None)
    assert deadletters.takes(RecordFilter(first=datetime(2026, 11, 21, tzinfo=UTC).date()), letter)

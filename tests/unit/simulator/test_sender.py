"""How long a sender waits for answers. The clock is the test's own."""

import time
from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError

from acude.simulator import ledger as ledgers
from acude.simulator import sender as senders
from acude.simulator.ledger import UNANSWERED, Entry, Ledger
from acude.simulator.sender import Send, Sender


class Away:
    """A producer whose broker never answers, and each of its answers to come."""

    is_done = False

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """The time: only waiting makes it pass."""
        return self.now

    def send(self, *_: object, **__: object) -> "Away":
        """A send."""
        return self

    def get(self, timeout: float) -> None:
        """Waits in vain."""
        self.now += timeout
        raise KafkaTimeoutError


def test_a_broker_that_is_away_holds_up_what_was_sent_together_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away()
    monkeypatch.setattr(time, "monotonic", away.monotonic)
    monkeypatch.setattr(senders, "close", lambda *_: None)
    entry = Entry("eventos_clientes", "valido", None, "e1", None, None, False, None, None, None)
    with Sender(away, Ledger(tmp_path, "r1")) as sender:
        for _ in range(3):
            sender.send([Send(entry, b"{}", b"k")] * 100)
    assert away.now == senders._ANSWER_WITHIN_S
    assert ledgers.read(tmp_path)["resposta"].to_pylist() == [UNANSWERED] * 300

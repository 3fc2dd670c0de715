"""Takes what came to light of payments at terminals from `contestacoes` to the workers' memory.

Every worker follows the topic in a thread of its own; the group shares its partitions. What is learnt twice counts
once.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from confluent_kafka import Message

from acude.contracts.decoder import Decoder
from acude.contracts.fields import Refused
from acude.contracts.model import table
from acude.payments.groups import FINDERS
from acude.payments.member import Member
from acude.payments.memory import Fraud, Memory, MemoryLostError
from acude.risk.payment import microseconds
from acude.settings import Settings

TOPIC: Final = "contestacoes"

_BATCH: Final = 500
_LOOK_S: Final = 1.0


class Findings:
    """Reads findings until told to stop.

    Args:
        config: where the broker is.
        memory: the workers'.
        stop: ends it.
    """

    def __init__(self, config: Settings, memory: Memory, stop: threading.Event) -> None:
        self._config = config
        self._memory = memory
        self._stop = stop
        self._decoder = Decoder(table(f"topics.{TOPIC}"))

    def follow(self) -> None:
        """Begins, in a thread: a payment does not wait for it."""
        threading.Thread(target=self._run, name="findings", daemon=True).start()

    def _run(self) -> None:
        member = Member(self._config, FINDERS, TOPIC)
        try:
            while not self._stop.is_set():
                if records := member.take(_BATCH, _LOOK_S):
                    self._learn(member, records)
        finally:
            member.close()

    def _learn(self, member: Member, records: Sequence[Message]) -> None:
        found = frauds(self._decoder, records)
        while found and not self._stop.is_set():
            try:
                self._memory.learn_frauds(found)
                break
            except MemoryLostError:
                self._stop.wait(_LOOK_S)
        else:
            if found:
                return
        member.commit()


def frauds(decoder: Decoder, records: Sequence[Message]) -> list[Fraud]:
    """The findings about payments at terminals; what is none is the lake's to quarantine."""
    found = []
    for record in records:
        _, taken_ms = record.timestamp()
        try:
            fields: dict[str, Any] = decoder.one(record.value(), datetime.fromtimestamp(taken_ms / 1000, UTC))
        except Refused:
            continue
        if terminal := fields.get("id_terminal"):
            at_us = microseconds(fields["transacao_em"])
            found.append(Fraud(fields["id_transacao"], terminal, at_us, fields["resultado"] == "honesta"))
    return found

"""Dead letters in memory."""

from typing import Any

from confluent_kafka import Message

from acude.payments.deadletters import KafkaLetterBox


class Letters(KafkaLetterBox):
    """Keeps what a producer would be given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, bytes | None]] = []
        """Reason, detail and bytes of each."""

    def put(self, record: Message, reason: str, detail: str, *_: Any, **__: Any) -> None:  # noqa: ANN401 - the rest
        """Keeps one."""
        value = record.value()
        self.sent.append((reason, detail, value if isinstance(value, bytes) else None))

    def flush(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Nothing is open."""

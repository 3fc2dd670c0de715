"""The topic that a payment takes, and the group that decides it: by its way of paying, where the settings say so.

A way of paying with a topic of its own does not wait behind the others, and gets as many workers as it needs. A payment
on another topic than its own is decided by the workers of that topic.
"""

from typing import Final

from acude.contracts.model import Contract, table, topic_of_its_own
from acude.errors import AcudeError
from acude.payments.groups import WORKERS
from acude.settings import Settings

TOPIC: Final = "transacoes"


def ways_of_paying() -> tuple[str, ...]:
    """All of them, in the contract's order."""
    contract = _contract()
    return contract.column(str(contract.split_by)).values


def own_ways(config: Settings) -> list[str]:
    """The ways of paying that have topic and group of their own, in the contract's order.

    Raises:
        AcudeError: the settings name an unknown one.
    """
    if unknown := sorted(set(config.risk_own_topics) - set(ways_of_paying())):
        raise AcudeError(
            f"ACUDE_RISK_OWN_TOPICS names {', '.join(unknown)}, which is no way of paying.",
            f"Choose from: {', '.join(ways_of_paying())}.",
        )
    return [one for one in ways_of_paying() if one in config.risk_own_topics]


def own_topics(config: Settings) -> list[str]:
    """Their topics."""
    return [topic_of_its_own(TOPIC, way) for way in own_ways(config)]


def payment_topics() -> tuple[str, ...]:
    """All topics on which payments may lie, whatever the settings say now."""
    return _contract().kafka_topics


def topic_for(config: Settings, way: str | None) -> str:
    """The topic of a payment by this way of paying."""
    return topic_of_its_own(TOPIC, way) if way in config.risk_own_topics else TOPIC


def group_of(way: str | None) -> str:
    """The workers' group for a way of paying; None: for all others."""
    return f"{WORKERS}-{way}" if way else WORKERS


def _contract() -> Contract:
    return table(f"topics.{TOPIC}")

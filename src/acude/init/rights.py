"""Which service may do what at the brokers: one table, from which users and access lists are made.

Whoever may write or read a topic sees it, too; a topic that nobody names here is the administrator's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from acude.contracts.model import topics
from acude.kafka.forgotten import OFFSETS
from acude.kafka.users import ANYBODY
from acude.payments import deadletters, disputes, serde, shadow
from acude.payments.groups import DISPUTES, NOTIFIERS, PAYMENT_API, RECORDERS
from acude.payments.routes import group_of, payment_topics, ways_of_paying
from acude.settings import Settings

SHOP_EVENTS: Final = "eventos_clientes"

_CLUSTER: Final = "kafka-cluster"
_SPARK: Final = "spark-kafka-"
"""How Spark's groups begin."""


@dataclass(frozen=True)
class Rights:
    """What a user may do.

    Attributes:
        user: its name.
        writes: topics.
        reads: topics.
        groups: consumer groups that it joins or is named by.
        group_prefix: of the names of further groups.
        transaction_prefix: of its transactional ids.
        ends_transactions: may end others' transactions, as a broker does.
    """

    user: str
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    group_prefix: str = ""
    transaction_prefix: str = ""
    ends_transactions: bool = False


def services(config: Settings) -> list[Rights]:
    """The rights of each service that reaches the brokers, by its user."""
    payments = payment_topics()
    decided = (serde.DECISIONS, serde.ALERTS, deadletters.TOPIC)
    landed = tuple(name for topic in topics(config.contracts) for name in topic.kafka_topics)
    workers = tuple(map(group_of, (None, *ways_of_paying())))
    return [
        Rights("traffic", writes=(SHOP_EVENTS,)),
        Rights("poller", writes=("atualizacoes_estoque",)),
        Rights("payers", writes=(*payments, disputes.TOPIC)),
        Rights("streams", reads=landed, group_prefix=_SPARK),
        # An hourly task lands what waits where no streams run, and each asks how far the landing is behind.
        Rights("airflow", reads=landed, group_prefix=_SPARK),
        Rights(
            "risk-worker",
            writes=(*decided, shadow.COMPARISONS),
            # What it writes, too: it looks for transactions that a broker forgot to end (`acude.kafka.forgotten`).
            reads=(*payments, disputes.TOPIC, *decided, OFFSETS),
            groups=(*workers, DISPUTES),
            transaction_prefix=f"{group_of(None)}-",
            ends_transactions=True,
        ),
        Rights("risk-recorder", writes=(deadletters.TOPIC,), reads=(serde.DECISIONS,), groups=(RECORDERS,)),
        Rights("risk-notifier", writes=(deadletters.TOPIC,), reads=(serde.ALERTS,), groups=(NOTIFIERS,)),
        Rights("risk-api", writes=payments, reads=(serde.DECISIONS,), groups=(PAYMENT_API,)),
    ]


def everybody(config: Settings) -> list[Rights]:
    """The services' rights, and on the platform's own broker those of whoever has no login."""
    is_open = config.kafka_rights == "users" and config.kafka_open
    return [*services(config), *([Rights(ANYBODY, writes=(SHOP_EVENTS,))] if is_open else [])]


def access_list(rights: Iterable[Rights]) -> set[ACL]:
    """The access list's entries for these rights; what is not in it is refused."""
    return {entry for one in rights for entry in _entries(one)}


def _entries(rights: Rights) -> Iterator[ACL]:
    may = _allowing(rights.user)
    literal, prefixed = ACLResourcePatternType.LITERAL, ACLResourcePatternType.PREFIXED
    for topic in rights.writes:
        yield may(ACLOperation.WRITE, ResourceType.TOPIC, topic, literal)
    for topic in rights.reads:
        yield may(ACLOperation.READ, ResourceType.TOPIC, topic, literal)
    for group in rights.groups:
        yield may(ACLOperation.READ, ResourceType.GROUP, group, literal)
    if rights.group_prefix:
        yield may(ACLOperation.READ, ResourceType.GROUP, rights.group_prefix, prefixed)
    if rights.transaction_prefix:
        yield may(ACLOperation.WRITE, ResourceType.TRANSACTIONAL_ID, rights.transaction_prefix, prefixed)
    if rights.ends_transactions:
        yield may(ACLOperation.CLUSTER_ACTION, ResourceType.CLUSTER, _CLUSTER, literal)


def _allowing(user: str) -> Callable[[ACLOperation, ResourceType, str, ACLResourcePatternType], ACL]:
    def may(operation: ACLOperation, kind: ResourceType, name: str, pattern: ACLResourcePatternType) -> ACL:
        place = ResourcePattern(kind, name, pattern)
        return ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, place)

    return may

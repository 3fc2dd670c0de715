"""The first decision on a payment stands.

A payment is known by its client and its id: each client of the payment API draws its ids as it likes, and those who
send to the topic share one more name space. Of several payments of one client under one id the first to arrive is
decided (`acude.kafka.records.ARRIVAL` has the order), and of several decisions on it the earliest holds; the place on
the topic breaks a tie. The names are here, and each engine applies the rule in one place:

- the workers and the payment API: `acude.payments.reservations` keeps in the database which record is decided;
- answers that wait: `acude.api.decisions` keeps the first answer on a payment;
- PostgreSQL: `acude.payments.store` inserts nothing over a stored decision, and reads the earliest;
- Arrow: `acude.risk_history.payments.first_decisions`;
- Spark: `acude.risk_history.first_decision.first_decisions`.

Reconciliation reports second decisions, and asks none of them.
"""

from collections.abc import Mapping
from typing import Any, Final

PaymentKey = tuple[str, str]
"""Client (empty for payments that came by the topic) and id."""

CLIENT: Final = "id_cliente"
PAYMENT: Final = "id_transacao"
KEY: Final = (CLIENT, PAYMENT)
"""The columns that name the payment; `id_cliente` is null where it came by the topic."""

ORDER: Final = ("timestamp", "particao", "deslocamento")
"""The columns that order decisions on the topic and in the lake: time of the decision, then its place."""

STORED_ORDER: Final = "decidida_em"
"""The time of the decision in the database."""


def key_of(decision: Mapping[str, Any]) -> PaymentKey:
    """The payment that a decision is on.

    >>> key_of({"id_transacao": "t-1", "id_cliente": "loja"})
    ('loja', 't-1')
    """
    return decision.get(CLIENT) or "", decision[PAYMENT]

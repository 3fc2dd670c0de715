"""The first decision on a payment stands.

A payment is known by its id. Of several decisions on it the earliest one holds; the place on the topic breaks a tie.
The columns are named here, and each engine applies the rule in one place:

- the workers: `acude.payments.decision_engine` asks the velocity store, which has the decisions of the last hour;
- the payment API: `acude.api.decisions` keeps the first answer on a payment;
- PostgreSQL: `acude.payments.store` inserts nothing over a stored decision, and reads the earliest;
- Arrow: `acude.risk_history.payments.first_decisions`;
- Spark: `acude.risk_history.first_decision.first_decisions`.

Reconciliation reports second decisions, and asks none of them.
"""

from typing import Final

PAYMENT: Final = "id_transacao"
"""The column that names the payment."""

ORDER: Final = ("timestamp", "particao", "deslocamento")
"""The columns that order decisions on the topic and in the lake: time of the decision, then its place."""

STORED_ORDER: Final = "decidida_em"
"""The time of the decision in the database."""

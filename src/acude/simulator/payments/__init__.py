"""Payers and fraudsters: a seeded stream of labelled payments as topic `transacoes` carries them. Pure.

`payments(...)` is the stream, `Labelled` one payment of it, `PATTERNS` the frauds by name.
"""

from acude.simulator.payments.mix import payments
from acude.simulator.payments.patterns import PATTERNS
from acude.simulator.payments.serde import TOPIC, Labelled

__all__ = ["PATTERNS", "TOPIC", "Labelled", "payments"]

"""Names of the consumer groups, apart from the code that joins them: a reader of the names needs no client."""

from typing import Final

WORKERS: Final = "risco"
RECORDERS: Final = "risco-registro"
DISPUTES: Final = "risco-contestacoes"
NOTIFIERS: Final = "risco-avisos"
PAYMENT_API: Final = "risco-porta"
"""A group in name only: no consumer joins it."""

"""Names of the consumer groups, apart from the code that joins them: whoever asks for one needs no more."""

from typing import Final

WORKERS: Final = "risco"
RECORDERS: Final = "risco-registro"
FINDERS: Final = "risco-contestacoes"
NOTIFIERS: Final = "risco-avisos"

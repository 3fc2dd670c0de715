"""Variables that were settings once: whoever still sets one is told what took its place."""

from collections.abc import Mapping
from typing import Final

from acude.errors import AcudeError

FORMER: Final = {
    "ACUDE_TLS": (
        "Set ACUDE_KAFKA_TLS where Kafka is reached by TLS, and ACUDE_SPARK_ENCRYPTION for a Spark cluster with a "
        "secret; on one machine `acude up --tls` does it."
    )
}
"""What to set instead. To pass over one that switched encryption on would switch it off, and tell nobody."""


def refuse_former(environment: Mapping[str, str]) -> None:
    """Looks for them.

    Raises:
        AcudeError: one is set.
    """
    for name, advice in FORMER.items():
        if environment.get(name):
            raise AcudeError(f"{name} is no setting any more.", advice)

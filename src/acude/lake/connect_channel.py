"""How clients reach the batch's Spark Connect server.

PySpark's client sends a token by TLS, or to `localhost`. Between containers the server has a name and no TLS, as every
other server of a private network has none; the address says so: `sc://spark-batch:15002/;token=…;use_ssl=false`.
"""

from collections.abc import Iterable

from pyspark.sql.connect.client import DefaultChannelBuilder


class InClear(DefaultChannelBuilder):
    """Sends the token without TLS."""

    @property
    def secure(self) -> bool:
        """Never."""
        return False

    def metadata(self) -> Iterable[tuple[str, str]]:
        """What is sent with each request, the token too."""
        return [*super().metadata(), ("authorization", f"Bearer {self.token}")]


def channel(address: str) -> DefaultChannelBuilder:
    """The way to a server.

    >>> channel("sc://spark-batch:15002/;token=t;use_ssl=false").secure
    False
    >>> channel("sc://spark.example:15002/;token=t").secure
    True
    """
    usual = DefaultChannelBuilder(address)
    said = usual.getDefault(usual.PARAM_USE_SSL, "").lower()
    return InClear(address) if usual.token and said == "false" else usual

"""The servers that a stream needs, and a Spark for the tests that write silver themselves."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.settings import settings
from tests.integration.streams.sensors import Sensors
from tests.integration.streams.silver import Silver
from tests.integration.streams.streamlab import StreamLab, stream_lab
from tests.own_topic import drop_topic, own_topic
from tests.servers import servers

TABLES = (
    "silver.eventos_clientes",
    "silver.atualizacoes_estoque",
    "gold.ao_vivo_produtos_mais_vistos",
    "gold.ao_vivo_usuarios_ativos",
    "gold.ao_vivo_vendas_por_minuto",
    "gold.ao_vivo_estoque",
)


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Broker and object store alone."""
    with servers("kafka", "s3") as found:
        yield found


@pytest.fixture(scope="session")
def spark(platform: Platform) -> Iterator[StreamLab]:
    """One Spark for all of them; what a table no longer needs it lets go of at once."""
    del platform
    with stream_lab(expire_after=timedelta()) as lab:
        yield lab


@pytest.fixture
def silver(spark: StreamLab) -> Silver:
    """An empty lake of the test's own."""
    spark.new_lake()
    spark.create(*TABLES)
    return Silver(spark)


@pytest.fixture
def sensors(spark: StreamLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sensors]:
    """An empty lake of the test's own, where the readings 1 to 3 of a topic have landed; their offsets are 0 to 2."""
    folder = tmp_path_factory.mktemp("sensors") / "contracts"
    found = Sensors(spark, own_topic(folder))
    spark.change(contracts=folder)
    spark.new_lake()
    ensure_topics(spark.config)
    found.send(1, 2, 3)
    found.ingest()
    yield found
    drop_topic(spark.config, found.topic)
    spark.change(contracts=settings().contracts)

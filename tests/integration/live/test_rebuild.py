"""Design property 5 under fire: a day is rebuilt while shoppers go on and the streams land their batches."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from acude.aws import s3
from acude.demo import shop_properties as properties
from acude.demo.shop import live_traffic
from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi

HEADER = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda"


@pytest.fixture
def day(streams: Platform) -> Iterator[date]:
    """A day with sales that no other test knows."""
    day = date(2010, 1, 1) + timedelta(days=random.SystemRandom().randrange(3000))
    lines = (f"A{n},p1,Caneca,{n},{day} 10:00:00,10.50,u1,{region},BRL" for n, region in enumerate(("SP", "RJ"), 1))
    place = {"Bucket": streams.config.inbox_bucket, "Key": f"vendas/teste-reconstrucao/{day}.csv"}
    s3(streams.config).put_object(**place, Body="\n".join([HEADER, *lines, ""]).encode())  # type: ignore[arg-type]
    yield day
    s3(streams.config).delete_object(**place)  # type: ignore[arg-type]


def test_a_day_is_rebuilt_to_the_same_rows_while_the_streams_land_batches(streams: Platform, day: date) -> None:
    with AirflowApi(streams.config) as airflow:
        assert properties.run_day(airflow, day) == "success"
        with live_traffic(streams.config):
            rebuilt = properties.rebuild(streams.config, airflow, day, lambda _: None)
        airflow.pause(properties.DAG)
    assert rebuilt.held, rebuilt.evidence

"""The next driver is on another host, and a topic is narrower than its contract: nothing is lost or comes twice."""

from pathlib import Path

import pytest
from dotenv import dotenv_values
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from acude.contracts.model import topics
from acude.kafka import brokers
from acude.kafka.topics import too_narrow
from acude.local.environment import local_env_path
from tests.chaos.conftest import MIXED, Lake, new_lake, reading
from tests.chaos.s3_proxy import Kill
from tests.own_topic import drop_topic
from tests.waiting import awaited

pytestmark = pytest.mark.usefixtures("platform")


def move_to_another_host(lake: Lake, folder: Path) -> None:
    """The next driver finds no file that this host keeps: it has the servers' addresses and logins alone."""
    known = {name: value or "" for name, value in dotenv_values(local_env_path(lake.config)).items()}
    lake.environment = known | lake.environment | {"ACUDE_VAR": str(folder)}


def test_a_driver_on_another_host_goes_on_where_the_last_one_was_killed(tmp_path: Path) -> None:
    with new_lake(tmp_path) as lake:
        lake.send(*MIXED)
        lake.run(Kill(f"^silver/{lake.topic}/_delta_log/"))
        lake.send(*(reading(number) for number in range(30, 60)))
        move_to_another_host(lake, tmp_path / "another-host")
        lake.wait_until_the_lease_is_free()
        lake.run()
        lake.assert_nothing_lost_nothing_twice()
        assert len(lake.rows(f"silver.{lake.topic}")) == 60


def test_a_topic_with_fewer_partitions_than_its_contract_is_told_and_lands(tmp_path: Path) -> None:
    with new_lake(tmp_path) as lake:
        [contract] = topics(lake.config.contracts)
        narrow(lake)
        awaited(lambda: too_narrow(lake.config), lambda found: found == [(lake.topic, 1, contract.partitions)])
        lake.send(*MIXED)
        lake.run()
        lake.assert_nothing_lost_nothing_twice()


def narrow(lake: Lake) -> None:
    """Makes the topic again, with one partition."""
    drop_topic(lake.config, lake.topic)
    admin = KafkaAdminClient(**brokers.kafka_python(lake.config))
    awaited(admin.list_topics, lambda found: lake.topic not in found)
    admin.create_topics([NewTopic(lake.topic, 1, 1)])
    admin.close()

"""What tests of the DAGs share: Airflow's API, a source in the inbox, a day that is published."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from acude.local.platform import Platform
from acude.orchestration.airflow_api import AirflowApi
from tests.integration.airflow.days import Inbox, PublishedDay, a_price, line, resting_afterwards, run_day


@pytest.fixture(scope="package")
def api(platform: Platform) -> Iterator[AirflowApi]:
    """Airflow of the running platform."""
    with resting_afterwards(platform) as client:
        yield client


@pytest.fixture
def day() -> date:
    """A day that no other test knows: the lake, the warehouse and Airflow's runs outlive a test run."""
    return date(2001, 1, 1) + timedelta(days=random.SystemRandom().randrange(3000))


@pytest.fixture(scope="package")
def inbox(platform: Platform) -> Iterator[Inbox]:
    """The tests' source."""
    source = Inbox(platform.config)
    yield source
    source.remove()


@pytest.fixture(scope="package")
def published(api: AirflowApi, inbox: Inbox) -> PublishedDay:
    """A recent day, green; a test that publishes it again sets the price."""
    # Not longer ago: `novos_arquivos` runs each day between it and yesterday, too.
    day, price = datetime.now(UTC).date() - timedelta(days=3), a_price()
    inbox.put(day, [line(day, price)])
    return PublishedDay(day, price, run_day(api, day))

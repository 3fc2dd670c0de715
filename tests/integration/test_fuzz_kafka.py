"""Nothing that bytes can spell raises out of the code that reads Kafka, or ends its process."""

import pytest

from acude.contracts.model import topics
from tests.fuzz.processes import FEW, MANY, assert_survived
from tests.fuzz.readers import READERS

NAMES = [topic.name for topic in topics()]


@pytest.mark.parametrize("topic", NAMES)
def test_each_payload_is_accepted_as_its_contract_says_or_refused_with_a_reason(topic: str) -> None:
    assert_survived("kafka", "payloads", topic, FEW)


@pytest.mark.parametrize("topic", READERS)
def test_records_are_read_whatever_their_keys_and_headers_are(topic: str) -> None:
    assert_survived("kafka", "headers", topic, FEW if topic == "transacoes" else FEW // 5)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("topic", NAMES)
def test_many_payloads_are_accepted_or_refused(topic: str) -> None:
    assert_survived("kafka", "payloads", topic, MANY)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("topic", READERS)
def test_records_are_read_with_many_keys_and_headers(topic: str) -> None:
    assert_survived("kafka", "headers", topic, MANY)

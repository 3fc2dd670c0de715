"""Nothing that bytes can spell raises out of the code that reads Kafka, or ends its process."""

import subprocess
import sys

import pytest

from acude.contracts.model import topics
from acude.settings import PROJECT

SEED = 20261128
FEW, MANY = 5_000, 100_000
NAMES = [topic.name for topic in topics()]


def run(what: str, topic: str, first: int, end: int, step: int) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: where that ends by a signal, the test fails and pytest lives."""
    numbers = [str(number) for number in (SEED, first, end, step)]
    command = [sys.executable, "-m", "tests.fuzz.kafka", what, topic, *numbers]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def assert_survived(what: str, topic: str, count: int) -> None:
    step = 500
    found = run(what, topic, 0, count, step)
    if found.returncode:
        # The last line names the step that was not finished; one by one its records show which it was.
        first = int(found.stdout.splitlines()[-1].split()[3])
        alone = run(what, topic, first, first + step, 1)
        shown = alone.stdout.splitlines()[-1] if alone.returncode else "none fails alone"
        pytest.fail(f"{' '.join(found.args)}: {found.returncode}\n{found.stderr[-3000:]}\n{shown}")


@pytest.mark.parametrize("topic", NAMES)
def test_each_payload_is_accepted_as_its_contract_says_or_refused_with_a_reason(topic: str) -> None:
    assert_survived("payloads", topic, FEW)


def test_payments_are_read_whatever_their_keys_and_headers_are() -> None:
    assert_survived("headers", "transacoes", FEW)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("topic", NAMES)
def test_many_payloads_are_accepted_or_refused(topic: str) -> None:
    assert_survived("payloads", topic, MANY)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_payments_are_read_with_many_keys_and_headers() -> None:
    assert_survived("headers", "transacoes", MANY)

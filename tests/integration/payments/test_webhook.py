"""The webhook: messages are signed, tried again after a temporary failure, and held back after many."""

import base64
import threading
from collections.abc import Iterator

import httpx
import pytest
from pybreaker import STATE_OPEN, CircuitBreakerError
from pydantic import SecretStr

from acude.errors import AcudeError
from acude.payments.trace_ids import drawn
from acude.payments.webhook import Message, RefusedError, SilentError, Webhook
from acude.settings import Settings
from acude.simulator.receiver import Mode, api
from tests.integration.payments.serving import served

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
NEVER = threading.Event()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A receiver of the tests' own."""
    with served(api(Settings(webhook_secret=SecretStr(SECRET)))) as address:
        yield address


@pytest.fixture
def webhook(url: str) -> Iterator[Webhook]:
    behave(url, Mode.UP)
    found = made(url)
    yield found
    found.close()


def made(url: str, secret: str = SECRET, tries: int = 3) -> Webhook:
    return Webhook(Settings(webhook_url=f"{url}/avisos", webhook_secret=SecretStr(secret), webhook_tries=tries))


def behave(url: str, mode: Mode) -> None:
    httpx.put(f"{url}/modo", json={"modo": mode}).raise_for_status()


def received(url: str, message: Message) -> list[dict[str, object]]:
    return [one for one in httpx.get(f"{url}/recebidos").json() if one["id"] == message.id]


def some_message() -> Message:
    return Message("alerta_risco", b'{"id_transacao":"%s"}' % drawn().encode(), drawn())


def test_a_message_is_signed_and_carries_the_trace(webhook: Webhook, url: str) -> None:
    message = some_message()
    assert webhook.deliver(message, NEVER) == 1
    (taken,) = received(url, message)
    assert (taken["tipo"], taken["vezes"]) == ("alerta_risco", 1)
    assert str(taken["rastro"]).startswith(f"00-{message.trace}-")


def test_the_same_content_delivered_twice_has_the_same_id(webhook: Webhook, url: str) -> None:
    message = some_message()
    webhook.deliver(message, NEVER)
    webhook.deliver(Message(message.kind, message.data, drawn()), NEVER)
    assert [one["vezes"] for one in received(url, message)] == [2]


def test_a_signature_with_another_secret_is_refused(url: str) -> None:
    behave(url, Mode.UP)
    message = some_message()
    other = made(url, f"whsec_{base64.b64encode(b'o' * 32).decode()}")
    with pytest.raises(RefusedError, match="401"):
        other.deliver(message, NEVER)
    assert received(url, message) == []


def test_a_signature_of_long_ago_is_refused(url: str) -> None:
    behave(url, Mode.UP)
    config = Settings(webhook_url=f"{url}/avisos", webhook_secret=SecretStr(SECRET))
    with pytest.raises(RefusedError, match="400"):
        Webhook(config, clock=lambda: 1_000_000.0).deliver(some_message(), NEVER)


def test_after_a_temporary_failure_it_is_delivered_again(webhook: Webhook, url: str) -> None:
    behave(url, Mode.BROKEN)
    message = some_message()
    assert webhook.deliver(message, NEVER, lambda: behave(url, Mode.UP)) == 2
    assert [one["vezes"] for one in received(url, message)] == [1]


def test_what_is_never_taken_is_not_tried_again(webhook: Webhook, url: str) -> None:
    behave(url, Mode.GONE)
    again: list[None] = []
    with pytest.raises(RefusedError, match="410"):
        webhook.deliver(some_message(), NEVER, lambda: again.append(None))
    assert again == []


def test_the_tries_end(webhook: Webhook, url: str) -> None:
    behave(url, Mode.BROKEN)
    again: list[None] = []
    with pytest.raises(SilentError, match="503"):
        webhook.deliver(some_message(), NEVER, lambda: again.append(None))
    assert len(again) == 2


def test_nobody_there_is_silence(url: str) -> None:
    del url
    with pytest.raises(SilentError, match="ConnectError"):
        made("http://127.0.0.1:9", tries=1).deliver(some_message(), NEVER)


def test_after_five_failures_it_is_left_alone(webhook: Webhook, url: str) -> None:
    behave(url, Mode.BROKEN)
    for _ in range(5):
        with pytest.raises(SilentError):
            webhook.post(some_message())
    assert webhook.breaker.current_state == STATE_OPEN
    behave(url, Mode.UP)
    with pytest.raises(CircuitBreakerError):
        webhook.post(some_message())
    # A delivery meanwhile waits until the breaker lets a try through: tries in between would be wasted.
    assert webhook.deliver(some_message(), NEVER) == 2


def test_a_slow_delivery_does_not_hold_back_another(url: str) -> None:
    """Each waits for its own answer: the breaker's lock is not held meanwhile."""
    behave(url, Mode.SLOW)
    slow = made(url, tries=1)
    entered = threading.Barrier(3)
    post = slow._status

    def counted(message: Message) -> int:
        entered.wait(timeout=20)
        return post(message)

    slow._status = counted  # type: ignore[method-assign]
    problems: list[type[BaseException]] = []

    def deliver() -> None:
        try:
            slow.post(some_message())
        except (SilentError, threading.BrokenBarrierError) as problem:
            problems.append(type(problem))

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    entered.wait(timeout=20)
    for thread in threads:
        thread.join()
    assert problems == [SilentError, SilentError]


@pytest.mark.parametrize("secret", ["", "plain", "whsec_", "whsec_no base64"])
def test_a_secret_that_can_not_sign_is_said_in_a_sentence(secret: str) -> None:
    with pytest.raises(AcudeError, match="whsec_ and base64"):
        made("http://127.0.0.1:9", secret)

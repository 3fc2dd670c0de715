"""Delivers messages to a webhook as Standard Webhooks (standardwebhooks.com) defines it: signed, and at least once.

webhook-id         the same each time a message is delivered: a receiver may drop one that it has seen
webhook-timestamp  seconds since 1970, part of the signed text
webhook-signature  v1,base64(HMAC-SHA256(secret, "id.timestamp.body"))
"""

import base64
import binascii
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from pybreaker import CircuitBreaker, CircuitBreakerError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_when_event_set,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event

from acude.errors import AcudeError
from acude.http_client import HttpClient, NoAnswerError
from acude.payments.trace_ids import TRACEPARENT, traceparent
from acude.settings import Settings

RISK: Final = "alerta_risco"
OPERATION: Final = "alerta_operacao"
"""Kinds of messages: a record of topic `alertas`, and an alert about the platform, in Alertmanager's form."""

_PATIENCE_S: Final = 3.0
_REST_S: Final = 5
"""After five failures the webhook is not called for this long."""
_AT_ONCE: Final = 16
_PREFIX: Final = "whsec_"
_TEMPORARY: Final = frozenset({408, 425, 429})


class SilentError(ConnectionError):
    """The webhook did not take the message now; it may later."""


class RefusedError(ValueError):
    """The webhook will never take the message."""


@dataclass(frozen=True)
class Message:
    """What is delivered.

    Attributes:
        kind: RISK or OPERATION.
        data: JSON.
        trace: the payment's trace id, where there is one.
    """

    kind: str
    data: bytes
    trace: str = ""

    @property
    def id(self) -> str:
        """The same for the same content."""
        return f"{self.kind}_{sha256(self.data).hexdigest()[:32]}"

    @property
    def body(self) -> bytes:
        """What is posted."""
        return b'{"tipo":"%s","dados":%s}' % (self.kind.encode(), self.data)


def key_of(secret: str) -> bytes:
    """The signing key of a secret `whsec_<base64>`.

    Raises:
        AcudeError: the secret has another form.
    """
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not secret.startswith(_PREFIX) or not found:
        raise AcudeError(
            f"The webhook's secret is not {_PREFIX} and base64.", "Set ACUDE_WEBHOOK_SECRET as the receiver shows it."
        )
    return found


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The header `webhook-signature`."""
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


_backoff: Final = wait_random_exponential(multiplier=0.2, max=5)


def _pause(state: RetryCallState) -> float:
    """Seconds until the next try; a try while the breaker is open would fail at once."""
    is_open = state.outcome is not None and isinstance(state.outcome.exception(), CircuitBreakerError)
    return _REST_S if is_open else _backoff(state)


class Webhook:
    """A webhook.

    Args:
        config: its address, its secret, and the number of tries.
        clock: seconds since 1970.
    """

    def __init__(self, config: Settings, clock: Callable[[], float] = time.time) -> None:
        self._url = config.webhook_url
        self._key = key_of(config.webhook_secret.get_secret_value())
        self._tries = config.webhook_tries
        self._clock = clock
        self._client = HttpClient(_AT_ONCE)
        self.breaker = CircuitBreaker(
            fail_max=5, reset_timeout=_REST_S, name="webhook", exclude=[RefusedError], throw_new_error_on_trip=False
        )

    @property
    def thread(self) -> threading.Thread:
        """What delivers; without it nothing arrives any more."""
        return self._client.thread

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def deliver(self, message: Message, stop: threading.Event, on_failure: Callable[[], None] = lambda: None) -> int:
        """Delivers a message; tries again after a temporary failure, with growing pauses.

        Args:
            message: what is delivered.
            stop: ends the tries early.
            on_failure: called after each failure that is followed by another try.

        Returns:
            How many tries it took.

        Raises:
            RefusedError: the webhook will never take it.
            SilentError, CircuitBreakerError: the webhook did not take it in time.
        """

        def failed(_: RetryCallState) -> None:
            on_failure()

        attempts = Retrying(
            retry=retry_if_exception_type((SilentError, CircuitBreakerError)),
            stop=stop_after_attempt(self._tries) | stop_when_event_set(stop),
            wait=_pause,
            sleep=sleep_using_event(stop),
            before_sleep=failed,
            reraise=True,
        )
        attempts(self.post, message)
        return int(attempts.statistics["attempt_number"])

    def post(self, message: Message) -> None:
        """Delivers a message, in one try.

        Raises:
            RefusedError: the webhook will never take it.
            SilentError, CircuitBreakerError: the webhook does not take it now.
        """
        # `call` would hold the breaker's lock while it waits, and with it every other delivery.
        with self.breaker.calling():
            status = self._status(message)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TEMPORARY:
                raise SilentError(f"status {status}")
            if status >= HTTPStatus.MULTIPLE_CHOICES:
                raise RefusedError(f"status {status}")

    def _status(self, message: Message) -> int:
        timestamp, body = str(int(self._clock())), message.body
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self._key, message.id, timestamp, body),
        }
        if parent := traceparent(message.trace):
            headers[TRACEPARENT] = parent
        try:
            # The answer's body is not read: it says nothing, and may be of any size.
            return self._client.ask(
                "POST", self._url, content=body, headers=headers, within_s=_PATIENCE_S, most_bytes=0
            ).status
        except NoAnswerError as problem:
            raise SilentError(str(problem)) from None

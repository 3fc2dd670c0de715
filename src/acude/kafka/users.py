"""The users of the platform's own broker: names, and passwords that follow from the administrator's."""

import base64
import hashlib
import hmac
from typing import Final

from acude.settings import Settings

ADMINISTRATOR: Final = "acude"
"""May do everything: commands on this machine, and the broker itself."""

ANYBODY: Final = "ANONYMOUS"
"""Kafka's name for a client without a login."""

_SALT_BYTES: Final = 24


def password_of(config: Settings, user: str) -> str:
    """A user's password. No other user can work it out.

    Args:
        config: has the administrator's.
        user: its name.
    """
    return base64.urlsafe_b64encode(_derived(config, f"password:{user}")).decode().rstrip("=")


def salt_of(config: Settings, user: str) -> bytes:
    """The salt of a user's password: while it stays the same, setting it again disturbs no login that is under way."""
    return _derived(config, f"salt:{user}")[:_SALT_BYTES]


def _derived(config: Settings, purpose: str) -> bytes:
    secret = config.kafka_password.get_secret_value().encode()
    return hmac.new(secret, f"acude/kafka/{purpose}".encode(), hashlib.sha256).digest()

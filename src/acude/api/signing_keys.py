"""The keys with which the issuer signs its tokens: known ones cost nothing, and no crowd waits for unknown ones."""

import asyncio
import json
import logging
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import jwt

from acude.http_client import ask, new_client
from acude.settings import Settings

_LAST_S: Final = 300.0
"""Keys are known for so long: one that the issuer takes back is good no longer than that."""

_ASK_AGAIN_S: Final = 240.0
"""Known keys that are older are asked for beside the requests, so that no request waits for it."""

_WITHIN_S: Final = 2.0
"""How long the issuer has for its answer."""

_PATIENCE_S: Final = 1.0
"""A request waits only for a question that began so recently: an issuer that hangs holds none."""

_PAUSE_S: Final = 1.0
"""Between two questions. A key that was published a moment ago is met soon, and forged ones ask once a second."""

_MOST_BYTES: Final = 1_000_000

log = logging.getLogger(__name__)


class KeysAwayError(Exception):
    """The issuer's keys can't be had now."""


class SigningKeys:
    """What the issuer has published, by the keys' names. To be used in an event loop.

    Args:
        config: where the keys are.
    """

    def __init__(self, config: Settings) -> None:
        self._url, self._tls = config.oauth_jwks_url, config.tls_context()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._question: asyncio.Task[None] | None = None
        self._begun_at = self._known_at = self._failed_at = float("-inf")

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of that name; None where the issuer has published none.

        Raises:
            KeysAwayError: it is not known, and the issuer does not answer, or did not a moment ago.
        """
        known, age = self._known(kid), time.monotonic() - self._known_at
        if known:
            if age > _ASK_AGAIN_S:
                self._ask()
            return known
        # What is not known was not published a moment ago either.
        return None if age < _PAUSE_S else await self._asked(kid)

    def _known(self, kid: str) -> jwt.PyJWK | None:
        return self._keys.get(kid) if time.monotonic() - self._known_at < _LAST_S else None

    async def _asked(self, kid: str) -> jwt.PyJWK | None:
        """What the question brings that all share who wait."""
        question = self._ask()
        left = self._begun_at + _PATIENCE_S - time.monotonic()
        if question and left > 0:
            # Unlike `wait_for`, it leaves the question to the others who wait.
            await asyncio.wait([question], timeout=left)
        if self._known_at < self._begun_at:
            raise KeysAwayError
        return self._known(kid)

    def _ask(self) -> asyncio.Task[None] | None:
        """The question that is under way, begun now unless there is one; None where one has just failed."""
        now = time.monotonic()
        if self._question and not self._question.done():
            return self._question
        if now - self._failed_at < _PAUSE_S:
            return None
        self._begun_at, self._question = now, asyncio.create_task(self._fetch())
        return self._question

    async def _fetch(self) -> None:
        try:
            self._keys = await self._published()
        except Exception as problem:  # noqa: BLE001 - whatever an issuer answers, requests go on
            self._failed_at = time.monotonic()
            log.warning("the issuer's keys can't be read (%s)", type(problem).__name__)
        else:
            self._known_at = time.monotonic()

    async def _published(self) -> dict[str, jwt.PyJWK]:
        # As the machine says, which may reach the issuer by a proxy alone.
        async with new_client(1, verify=self._tls, trust_env=True) as client:
            answer = await ask(client, client.build_request("GET", self._url), _WITHIN_S, _MOST_BYTES)
        if answer.status != HTTPStatus.OK:
            raise KeysAwayError
        found = {}
        for one in json.loads(answer.body)["keys"]:
            # Others' algorithms and uses may stand beside those that sign.
            with suppress(jwt.PyJWTError):
                key = jwt.PyJWK(one)
                if key.key_id and key.public_key_use in {"sig", None}:
                    found[key.key_id] = key
        if not found:
            raise KeysAwayError
        return found

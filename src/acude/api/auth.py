"""The caller: OAuth2 bearer tokens, JWTs signed by the issuer that the settings name."""

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Final

import jwt
from cachetools import TTLCache
from fastapi import Depends, Request
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acude.api.problems import ProblemError
from acude.api.signing_keys import KeysAwayError, SigningKeys
from acude.contracts.personal import has_number
from acude.payments.trace_ids import ID
from acude.settings import Settings

DECIDE: Final = "risco:decidir"
READ: Final = "risco:ler"
READ_ALL: Final = "risco:ler:todos"
SCOPES: Final = {
    DECIDE: "Ask for decisions",
    READ: "Read the decisions that one asked for",
    READ_ALL: "Read everybody's decisions",
}
_ALGORITHMS: Final = ("ES256", "RS256")
_LEEWAY_S: Final = 5
_REMEMBERED: Final = 1_000
_REMEMBERED_S: Final = 60.0
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class TokenClaims(BaseModel):
    """The claims that this API reads, of their own types: JWT's numbers are no texts."""

    model_config = ConfigDict(strict=True, extra="ignore")

    sub: Annotated[str, Field(min_length=1)]
    exp: Annotated[float, Field(allow_inf_nan=False)]
    scope: str = ""


@dataclass(frozen=True)
class Caller:
    """A client and its scopes."""

    client: str
    scopes: frozenset[str]


class Verifier:
    """Checks tokens against the issuer's published keys.

    Args:
        config: issuer, audience and address of the keys.
    """

    def __init__(self, config: Settings) -> None:
        self._issuer = config.oauth_issuer
        self._audience = config.oauth_audience
        self._keys = SigningKeys(config)
        self._verified: TTLCache[str, tuple[Caller, int]] = TTLCache(_REMEMBERED, _REMEMBERED_S)

    async def caller(self, token: str) -> Caller:
        """The caller that a token names; one that was checked a moment ago is not checked again.

        Raises:
            ProblemError: 401; 503 where the issuer's keys can't be had.
        """
        known = self._verified.get(token)
        if known and time.time() < known[1] + _LEEWAY_S:
            return known[0]
        self._verified[token] = known = self._checked(token, await self._key(token))
        return known[0]

    async def _key(self, token: str) -> jwt.PyJWK:
        """The key with which a token says that it is signed.

        Raises:
            ProblemError: 401; 503 where the issuer's keys can't be had.
        """
        # The library forgives padding and signs behind a signature.
        if not _TOKEN.fullmatch(token):
            raise unauthorised("This is no token.")
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
            key = await self._keys.find(kid) if kid else None
        except KeysAwayError as problem:
            raise ProblemError(
                503, "Keys out of reach", "The issuer's keys can't be read now.", headers={"Retry-After": "1"}
            ) from problem
        except (jwt.PyJWTError, ValueError) as problem:
            raise _invalid(problem) from problem
        if not key:
            raise unauthorised("The token is not valid here: it names no key of the issuer.")
        return key

    def _checked(self, token: str, key: jwt.PyJWK) -> tuple[Caller, int]:
        """The caller that a token names, and when the token ends, seconds since 1970.

        Raises:
            ProblemError: 401; 403 for a client that no decision could name.
        """
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        # The library raises TypeError where the header's algorithm is not that of the key.
        except (jwt.PyJWTError, TypeError, ValueError) as problem:
            raise _invalid(problem) from problem
        try:
            found = TokenClaims.model_validate(claims)
        except ValidationError:
            raise unauthorised("The token's claims `sub`, `exp` or `scope` are of the wrong kind.") from None
        if not ID.fullmatch(found.sub):
            raise ProblemError(403, "Not allowed", f"The token's `sub` must match {ID.pattern}; no record can name it.")
        if has_number(found.sub):
            raise ProblemError(403, "Not allowed", "The token's `sub` holds a card's number, a CPF or a CNPJ.")
        return Caller(found.sub, frozenset(found.scope.split())), int(found.exp)


def _invalid(problem: Exception) -> ProblemError:
    return unauthorised(f"The token is not valid here: {type(problem).__name__}.")


def unauthorised(detail: str) -> ProblemError:
    """401 with the challenge that RFC 6750 asks for."""
    return ProblemError(401, "Not authorised", detail, headers={"WWW-Authenticate": 'Bearer realm="acude"'})


def scheme(config: Settings) -> OAuth2:
    """What OpenAPI says of the tokens."""
    flow = OAuthFlowClientCredentials(tokenUrl=config.oauth_token_url, scopes=dict(SCOPES))
    return OAuth2(flows=OAuthFlows(clientCredentials=flow), auto_error=False, scheme_name="oauth2")


def bearer(header: str | None) -> str:
    """The token of an `Authorization` header.

    Raises:
        ProblemError: 401 where there is none.
    """
    kind, _, value = (header or "").partition(" ")
    if kind.lower() != "bearer" or not value:
        raise unauthorised("Send `Authorization: Bearer <token>`; the issuer gives tokens to known clients.")
    return value


async def caller_of(request: Request, needed: Collection[str]) -> Caller:
    """The caller of a request, who has one of the scopes.

    Raises:
        ProblemError: 400, 401 or 403 says what is wrong; 503 where the issuer's keys can't be had.
    """
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise ProblemError(400, "Bad request", "Send one Authorization header.")
    found: Caller = await request.app.state.verifier.caller(bearer(given[0] if given else None))
    if not found.scopes.intersection(needed):
        wanted = " or ".join(needed)
        raise ProblemError(403, "Not allowed", f"The token needs the scope {wanted}.")
    return found


def requires(config: Settings) -> Callable[..., object]:
    """A dependency that gives the caller, and refuses one without the route's scopes."""
    oauth2 = scheme(config)

    async def caller(
        needed: SecurityScopes, request: Request, _shown: Annotated[str | None, Depends(oauth2)]
    ) -> Caller:
        return await caller_of(request, needed.scopes)

    return caller

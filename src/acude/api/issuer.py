"""`python -m acude.api.issuer`: an OAuth2 issuer for one machine: client credentials in, signed tokens out.

On AWS the settings name a real one (Cognito, for example); nothing else changes.
"""

import base64
import json
import secrets
import time
from typing import Annotated, Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse
from jwt.algorithms import ECAlgorithm
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from acude import logs
from acude.api.auth import DECIDE, READ, READ_ALL
from acude.errors import AcudeError
from acude.files import write_private
from acude.http_server import serve_http
from acude.settings import Settings, settings

_LIFETIME_S: Final = 900
_KEY_FILE: Final = "issuer.pem"
_AGREED: Final = RateLimitItemPerMinute(600)


class Issuer:
    """Signs tokens with a key of its own, drawn once and kept in ``var``."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._key = _private_key(config)
        public = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        self._key_id = _thumbprint(public)
        self.keys = {"keys": [public | {"kid": self._key_id, "alg": "ES256", "use": "sig"}]}
        self._clients = {
            config.risk_client_id: (config.risk_client_secret.get_secret_value(), {DECIDE, READ}),
            "analista": (config.risk_analyst_secret.get_secret_value(), {READ, READ_ALL}),
        }

    def token(self, client: str, secret: str, scope: str) -> dict[str, Any] | None:
        """A token's response; None where client or secret are wrong, or a scope is not the client's."""
        expected, allowed = self._clients.get(client, ("", set()))
        if not secrets.compare_digest(expected.encode(), secret.encode()) or not expected:
            return None
        wanted = set(scope.split()) or allowed
        if not wanted <= allowed:
            return None
        now = int(time.time())
        claims = {
            "iss": self._config.oauth_issuer,
            "aud": self._config.oauth_audience,
            "sub": client,
            "scope": " ".join(sorted(wanted)),
            "iat": now,
            "exp": now + _LIFETIME_S,
            "jti": secrets.token_urlsafe(12),
        }
        token = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})
        return {"access_token": token, "token_type": "Bearer", "expires_in": _LIFETIME_S, "scope": claims["scope"]}


def create_app(config: Settings | None = None, agreed: RateLimitItem = _AGREED) -> FastAPI:
    """The application.

    Args:
        config: clients, and the key's place.
        agreed: how many tokens an address may ask for.
    """
    config = config or settings()
    issuer = Issuer(config)
    asked = SlidingWindowCounterRateLimiter(MemoryStorage())
    app = FastAPI(title="Açude: tokens", version="1")
    # A page in a browser reaches loopback, too, under its own name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=config.listens_to)

    @app.get("/jwks.json")
    async def keys() -> dict[str, Any]:
        """The public keys (RFC 7517)."""
        return issuer.keys

    @app.get("/.well-known/oauth-authorization-server")
    async def metadata() -> dict[str, Any]:
        """What this issuer can do (RFC 8414)."""
        return {
            "issuer": config.oauth_issuer,
            "token_endpoint": config.oauth_token_url,
            "jwks_uri": config.oauth_jwks_url,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": [],
        }

    async def admit(request: Request) -> None:
        # By address, for whoever asks has shown nothing yet.
        if not await asked.hit(agreed, request.client.host if request.client else ""):
            raise HTTPException(429, f"At most {agreed} are answered.", {"Retry-After": "10"})

    @app.post("/token", dependencies=[Depends(admit)])
    async def token(
        grant_type: Annotated[str, Form()],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str, Form()] = "",
        client_secret: Annotated[str, Form()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> JSONResponse:
        """A token for a client (RFC 6749, 4.4)."""
        if grant_type != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        found = issuer.token(*(_basic(authorization) or (client_id, client_secret)), scope)
        if not found:
            return JSONResponse({"error": "invalid_client"}, 401, headers={"WWW-Authenticate": "Basic"})
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    return app


def _basic(header: str) -> tuple[str, str] | None:
    """Client and secret of an HTTP Basic header."""
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no UTF-8 in it
        return None
    return client, secret


def new_key() -> str:
    """A new private key for ES256, PEM."""
    drawn = ec.generate_private_key(ec.SECP256R1())
    return drawn.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _private_key(config: Settings) -> ec.EllipticCurvePrivateKey:
    """The settings' key, else the one in `var`."""
    pem, path = config.issuer_key.get_secret_value(), config.var / _KEY_FILE
    if not pem:
        if not path.exists():
            write_private(path, new_key())
        pem = path.read_text()
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        where = "ACUDE_ISSUER_KEY" if config.issuer_key.get_secret_value() else path
        raise AcudeError(f"{where} holds no key for ES256.", "Remove it, and another is drawn.")
    return key


def _thumbprint(public: dict[str, Any]) -> str:
    """The key's id: the first bytes of its coordinates, which no other key has."""
    return str(public["x"])[:16]


if __name__ == "__main__":
    config = settings()
    logs.configure("issuer", config.log_level)
    serve_http(create_app(config), config.issuer_port, ssl_certfile=config.tls_certificate, log_config=None)

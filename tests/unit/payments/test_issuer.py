"""The local issuer of tokens."""

from pathlib import Path

from fastapi.testclient import TestClient

from acude.api.issuer import create_app
from acude.settings import Settings


def test_who_guesses_secrets_is_slowed_down(tmp_path: Path) -> None:
    config = Settings(_env_file=None, var=tmp_path, risk_client_secret="certo")  # type: ignore[call-arg, arg-type]
    client = TestClient(create_app(config))
    asked = {"grant_type": "client_credentials", "client_id": "loja", "client_secret": "palpite"}
    answers = [client.post("/token", data=asked) for _ in range(60)]
    assert {one.status_code for one in answers} == {401, 429}
    assert answers[-1].json() == {"error": "slow_down"}

"""Logins by IAM: what the token says, who signed it, and until when it is good."""

from datetime import UTC, datetime

import pytest
from botocore import auth
from pydantic import SecretStr

from acude import production
from acude.kafka import brokers, iam
from acude.settings import Settings
from tests.msk import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, claims_of, signature

NOW = datetime(2026, 12, 1, 9, 30, 0, tzinfo=UTC)
SIGNED = {
    "us-west-2": "62b869353d3b3af68112fc30e24830d49050f0885af678432d0290b24a1d41c2",
    "sa-east-1": "936f7ac6657ecdb3ef474e2affaa2fa386570141933349f68532392bfdc92755",
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer's own credentials, at one moment."""
    named = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": SESSION_TOKEN}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(auth, "get_current_datetime", lambda **_: NOW.replace(tzinfo=None))


@pytest.mark.parametrize(("region", "signed"), SIGNED.items())
def test_a_token_is_the_regions_address_signed_for_fifteen_minutes(region: str, signed: str) -> None:
    token, ends = iam.token(region)
    claims = claims_of(token)
    assert ends == NOW.timestamp() + 900
    assert claims.pop("user-agent").startswith("aws-msk-iam-sasl-signer-python/")
    assert claims == {
        "host": f"kafka.{region}.amazonaws.com",
        "action": "kafka-cluster:Connect",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"{ACCESS_KEY}/20261201/{region}/kafka-cluster/aws4_request",
        "x-amz-date": "20261201T093000Z",
        "x-amz-expires": "900",
        "x-amz-security-token": SESSION_TOKEN,
        "x-amz-signedheaders": "host",
        "x-amz-signature": signed,
    }
    assert signed == signature(claims, region)


def test_both_python_clients_get_the_same_token() -> None:
    config = told()
    of_kafka_python = brokers.kafka_python(config)["sasl_oauth_token_provider"].token()
    of_librdkafka, _ = brokers.librdkafka(config)["oauth_cb"]("")
    assert of_kafka_python == of_librdkafka == iam.token("us-west-2")[0]


def test_a_role_wins_over_a_password_and_goes_over_tls_alone() -> None:
    config = told(kafka_username="acude", kafka_password=SecretStr("x"))
    assert brokers.kafka_python(config)["security_protocol"] == brokers.java(config)["security.protocol"] == "SASL_SSL"
    assert brokers.librdkafka(config)["security.protocol"] == "sasl_ssl"
    texts = [repr(brokers.kafka_python(config)), repr(brokers.librdkafka(config)), repr(brokers.java(config))]
    assert [text for text in texts if "SCRAM" in text or "username" in text] == []


def test_production_takes_a_role_for_a_login() -> None:
    def kafka(config: Settings) -> list[str]:
        return [one for one in production.problems(config) if "kafka" in one.lower()]

    assert kafka(told()) == []
    assert len(kafka(told(kafka_iam=False))) == 2


def told(**given: object) -> Settings:
    return Settings(_env_file=None, kafka_iam=True, aws_region="us-west-2").model_copy(update=given)  # type: ignore[call-arg]

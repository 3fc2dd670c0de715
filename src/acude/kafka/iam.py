"""MSK's logins by IAM: a signed URL in the place of a password, made of the process's AWS credentials.

Who may write which topic is then in IAM's policies, not in Kafka's access lists.
"""

from typing import Final

from kafka.net.sasl.oauth import AbstractTokenProvider

_MS: Final = 1000


def token(region: str, _config: str = "") -> tuple[str, float]:
    """A token for one login, good for 15 minutes, and its end (seconds since 1970), as librdkafka asks for it.

    Args:
        region: the brokers'.
    """
    # It brings boto3, which most of Kafka's clients do without.
    from aws_msk_iam_sasl_signer.MSKAuthTokenProvider import generate_auth_token  # noqa: PLC0415

    signed, ends_ms = generate_auth_token(region)
    return signed, ends_ms / _MS


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]
    """Tokens as kafka-python asks for them: one for each connection.

    Args:
        region: the brokers'.
    """

    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region

    def token(self) -> str:
        """A token for one login."""
        return token(self._region)[0]

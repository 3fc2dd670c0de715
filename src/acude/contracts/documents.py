"""The tokens in the place of CPF and CNPJ, Brazil's tax numbers of persons and companies."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from acude.contracts.personal import without_documents
from acude.errors import AcudeError
from acude.settings import Settings

_TOKEN_BYTES = 16


@dataclass(frozen=True)
class Tokens:
    """Makes the tokens that stand for documents from silver on.

    Attributes:
        key_id: names the key in the token, so that tokens of an older key are known as such.
        key: secret. Its owner can compute a known person's token; the document can't be computed from a token.
    """

    key_id: str
    key: bytes = field(repr=False)

    def of(self, document: str) -> str:
        """The document's token: the same for the same document and key.

        >>> Tokens("k1", b"secret").of("52998224725")
        'k1:8703373cfe3ddad7db2c18dd1ab6ad18'
        """
        digest = hmac.new(self.key, document.encode(), sha256).digest()
        return f"{self.key_id}:{digest[:_TOKEN_BYTES].hex()}"


def tokens_of(config: Settings) -> Tokens:
    """The platform's tokens.

    Raises:
        AcudeError: no key is set.
    """
    key = config.document_key.get_secret_value()
    if not key:
        raise AcudeError(
            "There is no key for documents' tokens.", "Set ACUDE_DOCUMENT_KEY; on one machine `acude up` draws it."
        )
    return Tokens(config.document_key_id, key.encode())


def as_stored(config: Settings, text: str) -> str:
    """A text that a person typed, as every store has it: a token in its place where it is or holds a document.

    Raises:
        AcudeError: it does, and no key is set.
    """
    return without_documents(text, lambda found: tokens_of(config).of(found))

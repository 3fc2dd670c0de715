"""Certificates of the local servers: an authority that signs one certificate and is forgotten."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from acude.files import write_private
from acude.settings import HOST, Settings

_LIFETIME: Final = timedelta(days=365)
_RENEWED_BEFORE: Final = timedelta(days=30)


AUTHORITY: Final = "authority.pem"
SERVER: Final = "server.pem"


def authority(config: Settings) -> Path:
    """The certificate that clients trust."""
    return config.var / "tls" / AUTHORITY


def server(config: Settings) -> Path:
    """The servers' key and certificate; only their owner can read the file."""
    return config.var / "tls" / SERVER


def ensure(folder: Path, names: Sequence[str]) -> None:
    """Make both files where they are missing, are about to run out, or lack a name under which servers are reached.

    Args:
        folder: where they lie.
        names: names and addresses under which clients reach the server.
    """
    there = (folder / AUTHORITY).exists() and (folder / SERVER).exists()
    if not there or _runs_out(folder / AUTHORITY) or unnamed(folder, names):
        make(folder, names)


def unnamed(folder: Path, names: Iterable[str]) -> set[str]:
    """Those of the names that the folder's certificate lacks; none where there is no certificate yet."""
    if not (folder / SERVER).exists():
        return set()
    leaf = x509.load_pem_x509_certificate((folder / SERVER).read_bytes())
    named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {name for name in names if _known_as(name) not in named}


def make(folder: Path, names: Iterable[str] = (HOST, "localhost")) -> None:
    """Make an authority and a server's certificate, which the server may also show to others as their client.

    The authority's key is kept nowhere, so nobody can ever sign another certificate that clients trust.

    Args:
        folder: where both files go.
        names: names and addresses under which clients reach the server.
    """
    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = _named("Açude on this machine")
    root = _begun(name, signer.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    vouching = root.issuer_name(name).add_extension(_signing(), critical=True).sign(signer, hashes.SHA256())
    known_as = [_known_as(name) for name in dict.fromkeys(names)]
    leaf = (
        _begun(_named("localhost"), key.public_key())
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(known_as), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    # Kafka reads no other form of a key.
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / SERVER, (private + leaf.public_bytes(Encoding.PEM)).decode())
    write_private(folder / AUTHORITY, vouching.public_bytes(Encoding.PEM).decode())


def _known_as(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begun(name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signing() -> x509.KeyUsage:
    """What the authority's key is for, and nothing else."""
    return x509.KeyUsage(
        digital_signature=False,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _runs_out(path: Path) -> bool:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc < datetime.now(UTC) + _RENEWED_BEFORE

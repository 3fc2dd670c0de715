"""What the containers of docker/docker-compose.yml are told: their settings, and secrets drawn into files.

The settings are those of the one-machine platform with other hosts: a server's host is its service's name there.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, get_args

import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from acude.api.issuer import new_key
from acude.files import write_private
from acude.init.rights import services
from acude.kafka.users import ADMINISTRATOR, password_of
from acude.local import certificates
from acude.local.databases import audit_grant, server
from acude.local.environment import local_values
from acude.local.servers.postgres import SUPERUSER
from acude.migrations.database import AUDIT, script
from acude.settings import HOST, PROJECT, Settings

COMPOSE: Final = PROJECT / "docker" / "docker-compose.yml"
SECRETS: Final = PROJECT / "docker" / "secrets"

_GATEWAY: Final = "gateway"
"""Speaks TLS: to this machine, and under its own name to the other containers."""

_KONG: Final = PROJECT / "infra" / "kong" / "kong.yml"
_PREFIX: Final = "acude_"
_KAFKA: Final = "kafka_"
_PASSWORDS: Final = ("grafana_password", "mongodb_password", "painel_password", "opensearch_password")
_DATABASES: Final = ("warehouse_dsn", "shop_dsn", "risk_dsn", "airflow_dsn")
_HOSTS: Final = {"postgres": "timescaledb"}

_OTHER: Final = {"postgres_port": 5432, "spark_workers": 2}
"""TimescaleDB's image listens where PostgreSQL usually does; Spark is a cluster."""


def values(known: Mapping[str, str | None]) -> dict[str, str]:
    """Every setting that the containers need, by field name; secrets that are not known are drawn."""
    # Of the defaults alone: what this machine's own environment says is for this machine.
    config = Settings.model_construct().model_copy(update=_OTHER)
    return local_values(config, known, lambda server: _HOSTS.get(server, server))


def is_secret(field: str) -> bool:
    """Whether a setting belongs into a file: it is a secret, or has one in it."""
    info = Settings.model_fields[field]
    return SecretStr in {info.annotation, *get_args(info.annotation)} or not info.repr or field.endswith("access_key")


def draw(folder: Path) -> list[str]:
    """Draw the secrets that are missing, and write all of them, and what is made from them.

    The folder is its owner's alone. The files in it may be read by everybody who gets at them, which inside of a
    container is its one process, by a user of the image's own: with plain Compose a secret is the file itself.

    Returns:
        Names of the files.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    known = {path.name: path.read_text().strip() for path in folder.glob("*") if path.is_file()}
    kept = {name.upper(): text for name, text in known.items() if name.startswith(_PREFIX)}
    found = values(kept | {"ACUDE_KAFKA_PASSWORD": known.get(f"{_KAFKA}{ADMINISTRATOR}")})
    files = {f"{_PREFIX}{name}": value for name, value in found.items() if is_secret(name)}
    administrator = conninfo_to_dict(found["risk_dsn"]) | {"user": SUPERUSER, "dbname": SUPERUSER}
    administrator["password"] = found["postgres_password"]
    files["acude_backup_dsn"] = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**administrator)
    files["acude_issuer_key"] = known.get("acude_issuer_key") or new_key().strip()
    files |= {name: known.get(name) or _password() for name in _PASSWORDS}
    files |= _kafka(files.pop("acude_kafka_password"))
    files["databases.sql"] = init_sql([found[name] for name in _DATABASES], found["risk_dsn"], files["painel_password"])
    files["kong.yml"] = kong(found["oauth_issuer"], files["acude_issuer_key"])
    for name, text in files.items():
        write_private(folder / name, text)
    certificates.ensure(folder, [HOST, "localhost", _GATEWAY])
    names = sorted([*files, certificates.SERVER, certificates.AUTHORITY])
    for name in names:
        (folder / name).chmod(0o444)
    return names


def _kafka(administrator: str) -> dict[str, str]:
    """The passwords of the broker's users, each in a file that is named after its user."""
    config = Settings.model_construct(kafka_password=SecretStr(administrator))
    passwords = {rights.user: password_of(config, rights.user) for rights in services(config)}
    return {f"{_KAFKA}{user}": password for user, password in {**passwords, ADMINISTRATOR: administrator}.items()}


def init_sql(dsns: list[str], risk: str, panel_password: str) -> str:
    """The SQL that an empty server is given once: its roles and databases, and the audit log.

    Args:
        dsns: the databases, each with its owner's login.
        risk: the one with the audit log, which dashboards read.
        panel_password: of the dashboards' role.
    """
    steps = server(dsns, risk, panel_password)
    # The server is new: nothing of it is known there.
    before, within = ("".join(f"{one.statement};\n" for one in found) for found in (steps, audit_grant(risk)))
    return f"\\set ON_ERROR_STOP on\n{before}\\connect {conninfo_to_dict(risk)['dbname']}\n{script(AUDIT)}\n{within}"


def kong(issuer: str, private_key: str) -> str:
    """The gateway's declarative configuration, with the key by which it knows the issuer's tokens.

    Args:
        issuer: as tokens name it.
        private_key: the issuer's, PEM; its public half goes in.
    """
    public = load_pem_private_key(private_key.encode(), None).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    found = yaml.safe_load(_KONG.read_text())
    [consumer] = found["consumers"]
    consumer["jwt_secrets"] = [{"key": issuer, "algorithm": "ES256", "rsa_public_key": pem}]
    return yaml.safe_dump(found, sort_keys=False)


def _password() -> str:
    # OpenSearch wants each of four kinds of characters.
    return f"{secrets.token_urlsafe(24)}-aA1"

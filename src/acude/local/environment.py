"""``var/local.env``: the local endpoints, and secrets that are drawn once and kept."""

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from dotenv import dotenv_values
from pydantic import SecretStr, TypeAdapter

from acude.backup_keys import KeyRing
from acude.files import write_private
from acude.kafka.users import ADMINISTRATOR
from acude.local import certificates
from acude.local.errors import PlatformError
from acude.settings import LOCAL_ENV, Settings, settings

_HEADER = "# Written by `acude up`. Secrets are drawn once; endpoints follow the ports in the settings.\n"


_OF_TLS = ("local_tls", "tls_authority", "tls_certificate")
"""Written by a start with TLS, and left out by one without."""

_OF_A_CLUSTER = ("spark_workers", "spark_master", "spark_cores")


def local_env_path(config: Settings) -> Path:
    """Where this platform's endpoints and secrets lie."""
    return config.var / LOCAL_ENV.name


def ensure_local_env(config: Settings) -> Settings:
    """Draw missing secrets, write the endpoints of ``config``'s ports, and forget the settings read so far.

    Returns:
        ``config`` with the local endpoints and secrets.

    Raises:
        PlatformError: somebody has added a line that names no setting.
    """
    path = local_env_path(config)
    known = dotenv_values(path)
    local = local_values(config, known)
    values = _users_own(path, known) | local
    # Quoted, so that a shell that sources the file reads the same.
    text = _HEADER + "".join(f"ACUDE_{name.upper()}={quote(value)}\n" for name, value in sorted(values.items()))
    if not path.exists() or path.read_text() != text:
        write_private(path, text)
    settings.cache_clear()
    given = {name: getattr(config, name) for name in config.model_fields_set}
    return Settings(_env_file=path, **(given | local))  # type: ignore[call-arg]


def _users_own(path: Path, known: Mapping[str, str | None]) -> dict[str, str]:
    """Lines that somebody has added: settings that `acude up` neither draws nor works out.

    A port that names no setting was moved by an older `acude up`, under the setting's former name.
    """
    fields = {line: line.upper().removeprefix("ACUDE_").lower() for line in known}
    kept = {line: name for line, name in fields.items() if not name.endswith("_port") and name not in _OF_TLS}
    if wrong := sorted(line for line, name in kept.items() if name not in Settings.model_fields):
        raise PlatformError(
            f"{path} has lines that name no setting: {', '.join(wrong)}.",
            "Correct or delete them (src/acude/settings/ has all names), then run `acude up` again.",
        )
    return {name: value for line, name in kept.items() if (value := known[line]) is not None}


def local_values(
    config: Settings, known: Mapping[str, str | None], at: Callable[[str], str] | None = None
) -> dict[str, str]:
    """What the file holds, by field name.

    Args:
        config: Its ports make the endpoints; a secret that it has wins.
        known: The file's present lines; their secrets are kept, missing ones drawn.
        at: The host of a server, by the server's name; None: this machine.
    """
    drawn = _Drawn(config, known)
    at = at or (lambda _server: config.here)
    return {
        **_lake(config, drawn, at),
        **_databases(config, drawn, at),
        **_payments(config, drawn, at),
        **_airflow(config, drawn, at),
        "warehouses_url": f"http://{at('warehouses')}:{config.warehouses_port}",
        **_spark_cluster(config, known, drawn.secret("spark_secret"), at("spark-master")),
        **_moved_ports(config),
        **_tls(config),
    }


@dataclass(frozen=True)
class _Drawn:
    """Secrets: the settings' own, else those that the file has, else new ones."""

    config: Settings
    known: Mapping[str, str | None]

    def present(self, name: str) -> str:
        value = getattr(self.config, name)
        shown = value.get_secret_value() if isinstance(value, SecretStr) else value
        return shown or self.known.get(f"ACUDE_{name.upper()}") or ""

    def secret(self, name: str, size: int = 24) -> str:
        return self.present(name) or secrets.token_urlsafe(size)

    def dsn(self, name: str, owner: str, host: str) -> str:
        password = _password(self.present(name)) or secrets.token_urlsafe(24)
        return f"postgresql://{owner}:{password}@{host}:{self.config.postgres_port}/{owner}" + (
            f"?sslmode=verify-full&sslrootcert={certificates.authority(self.config)}" if self.config.local_tls else ""
        )

    def keys(self, name: str) -> str:
        """The settings' keys and the file's together: what was made with a key that one of them lacks is unreadable."""
        own = getattr(self.config, name).get_secret_value()
        return KeyRing.joined(own, self.known.get(f"ACUDE_{name.upper()}") or "").text()


def _lake(config: Settings, drawn: _Drawn, at: Callable[[str], str]) -> dict[str, str]:
    token = drawn.secret("spark_connect_token")
    return {
        "kafka_bootstrap": f"{at('kafka')}:{config.kafka_login_port}",
        "kafka_username": ADMINISTRATOR,
        "kafka_password": drawn.secret("kafka_password"),
        "kafka_rights": "users",
        "kafka_open": str(config.kafka_open).lower(),
        "document_key": drawn.secret("document_key", size=32),
        "s3_endpoint": f"http://{at('s3')}:{config.s3_port}",
        "s3_access_key": drawn.secret("s3_access_key"),
        "s3_secret_key": drawn.secret("s3_secret_key"),
        "glue_endpoint": f"http://{at('glue')}:{config.glue_port}",
        "athena_endpoint": f"http://{at('athena')}:{config.athena_port}",
        "trino_secret": drawn.secret("trino_secret", size=64),
        "trino_s3_access_key": drawn.secret("trino_s3_access_key"),
        "trino_s3_secret_key": drawn.secret("trino_s3_secret_key"),
        "spark_connect_token": token,
        "spark_remote": _spark_remote(config, token, at("spark-batch")),
    }


def _databases(config: Settings, drawn: _Drawn, at: Callable[[str], str]) -> dict[str, str]:
    host, valkey_password = at("postgres"), drawn.secret("valkey_password")
    return {
        "postgres_password": drawn.secret("postgres_password"),
        "warehouse_kind": "postgres",
        "warehouse_dsn": drawn.dsn("warehouse_dsn", "warehouse", host),
        "shop_dsn": drawn.dsn("shop_dsn", "loja", host),
        "risk_dsn": drawn.dsn("risk_dsn", "risco", host),
        "airflow_dsn": drawn.dsn("airflow_dsn", "airflow", host),
        "backup_keys": drawn.keys("backup_keys"),
        "audit_keys": drawn.keys("audit_keys"),
        "valkey_password": valkey_password,
        "valkey_url": _valkey_url(config, valkey_password, at("valkey")),
    }


def _payments(config: Settings, drawn: _Drawn, at: Callable[[str], str]) -> dict[str, str]:
    http = "https" if config.local_tls else "http"
    issuer = f"{http}://{at('issuer')}:{config.issuer_port}"
    return {
        # Before it had a key of its own, the velocity store was named by the documents'.
        "velocity_key": drawn.present("velocity_key") or drawn.present("document_key") or secrets.token_urlsafe(32),
        "blacklist_url": f"http://{at('blacklist')}:{config.blacklist_port}/consultas",
        "risk_url": f"{http}://{at('risk-api')}:{config.risk_port}",
        "oauth_issuer": issuer,
        "oauth_jwks_url": f"{issuer}/jwks.json",
        "oauth_token_url": f"{issuer}/token",
        "risk_client_secret": drawn.secret("risk_client_secret"),
        "risk_analyst_secret": drawn.secret("risk_analyst_secret"),
        "webhook_url": config.webhook_url or f"http://{at('webhook-receiver')}:{config.receiver_port}/avisos",
        "webhook_secret": drawn.present("webhook_secret") or _webhook_secret(),
        "alerts_token": drawn.secret("alerts_token"),
    }


def _airflow(config: Settings, drawn: _Drawn, at: Callable[[str], str]) -> dict[str, str]:
    return {
        "airflow_url": f"http://{at('airflow-api')}:{config.airflow_port}",
        "airflow_password": drawn.secret("airflow_password"),
        "airflow_fernet_key": drawn.present("airflow_fernet_key") or _fernet_key(),
        "airflow_jwt_secret": drawn.secret("airflow_jwt_secret", size=64),
    }


def _spark_cluster(config: Settings, known: Mapping[str, str | None], secret: str, master: str) -> dict[str, str]:
    """Where drivers find the local cluster. Nothing where there was none, so that a master of the user's own stays.

    Raises:
        PlatformError: a cluster is wanted beside a master of the user's own.
    """
    usual = {name: str(Settings.model_fields[name].default) for name in _OF_A_CLUSTER}
    before = int(known.get("ACUDE_SPARK_WORKERS") or 0)
    now = {
        "spark_workers": str(config.spark_workers),
        "spark_master": f"spark://{master}:{config.spark_master_port}",
        "spark_cores": str(config.spark_workers * config.spark_executor_cores),
    }
    ours: dict[str, set[str | None]] = {
        "spark_master": {now["spark_master"], known.get("ACUDE_SPARK_MASTER") if before else None},
        # An executor may have had its usual one core before.
        "spark_cores": {now["spark_cores"], str(before), str(before * config.spark_executor_cores)},
    }
    given = {name: str(getattr(config, name)) for name in ours}
    own = {name: value for name, value in given.items() if value not in {usual[name], *ours[name]}}
    if not config.spark_workers:
        return usual | own if before else {}
    if "spark_master" in own:
        raise PlatformError(
            f"ACUDE_SPARK_MASTER names a Spark of your own, and ACUDE_SPARK_WORKERS={config.spark_workers} asks for "
            "a cluster on this machine.",
            "Take ACUDE_SPARK_MASTER away, or start with `acude up --workers 0`.",
        )
    return now | own | {"spark_secret": secret}


def _moved_ports(config: Settings) -> dict[str, str]:
    """Ports that aren't where they usually are: every later command must find the servers there too."""
    ports = {name: field.default for name, field in Settings.model_fields.items() if name.endswith("_port")}
    return {name: str(getattr(config, name)) for name, usual in ports.items() if getattr(config, name) != usual}


def _tls(config: Settings) -> dict[str, str]:
    """What local servers and their clients are told of TLS; without it the clients are told so, too."""
    told = dict.fromkeys(("kafka_tls", "spark_encryption"), str(config.local_tls).lower())
    if not config.local_tls:
        return told
    files = {"tls_authority": certificates.authority(config), "tls_certificate": certificates.server(config)}
    return told | {"local_tls": "true"} | {name: str(path) for name, path in files.items()}


def has_tls(config: Settings) -> bool:
    """Whether the platform was last started with TLS."""
    written = dotenv_values(local_env_path(config)).get("ACUDE_LOCAL_TLS")
    return TypeAdapter(bool).validate_python(written or False)


def _spark_remote(config: Settings, token: str, host: str) -> str:
    # `localhost`, no number: to no other host does the client send a token without TLS, unless it is told to.
    where, clear = ("localhost", "") if host == config.here else (host, ";use_ssl=false")
    return f"sc://{where}:{config.spark_connect_port}/;token={token}{clear}"


def _valkey_url(config: Settings, password: str, host: str) -> str:
    address = f":{password}@{host}:{config.valkey_port}/0"
    if not config.local_tls:
        return f"redis://{address}"
    return f"rediss://{address}?ssl_check_hostname=true&ssl_ca_certs={certificates.authority(config)}"


def _password(dsn: str) -> str:
    """The password in ``postgresql://user:password@host:port/database``, empty where there is none."""
    return dsn.partition("://")[2].partition("@")[0].partition(":")[2]


def _webhook_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

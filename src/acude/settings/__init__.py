"""The one place that reads the environment: every address, name, limit and secret of the platform.

On AWS its own services are found without an address, so their endpoints stay empty; brokers, payment API, issuer,
Airflow and warehouses are at loopback until a setting names them. On one machine ``acude up`` writes
``var/local.env`` (mode 0600) with the local endpoints and freshly drawn secrets; it is read here.
An environment variable ``ACUDE_<FIELD>`` wins over the file, and the file over the folder ``ACUDE_SECRETS_DIR``. In
Airflow's tasks its Connections win over all of them (``acude.orchestration.connections``).
"""

import os
import ssl
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from types import NoneType
from typing import Literal, get_args

from pydantic import ByteSize, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from acude.production import require_safe
from acude.settings.databases import DatabaseSettings
from acude.settings.former import refuse_former
from acude.settings.lake import LakeSettings
from acude.settings.spark import SparkSettings

_PACKAGE = Path(str(files("acude"))).resolve()
_SHIPPED = _PACKAGE / "shipped"

INSTALLED = _SHIPPED.is_dir()
"""Whether this is a wheel that was installed, and no checkout."""

PROJECT = _SHIPPED if INSTALLED else _PACKAGE.parents[1]
"""contracts/, expectations/, dags/ and infra/ lie here: in the installed package, or in the checkout."""

WORKING_FOLDER = Path.cwd() if INSTALLED else PROJECT
"""What is written lies here, in var/: in the folder in which an installed `acude` is called, or in the checkout."""

LOCAL_ENV = WORKING_FOLDER / "var" / "local.env"
HOST = "127.0.0.1"
"""Where servers listen unless ACUDE_BIND says otherwise."""


class Settings(LakeSettings, SparkSettings, DatabaseSettings):
    """All settings, frozen. Ports are only used on one machine, and so are AWS's endpoints: empty on AWS."""

    model_config = SettingsConfigDict(
        env_prefix="ACUDE_",
        env_file=LOCAL_ENV,
        # The file may be older than the settings' names; `acude up` says which lines name none.
        dotenv_filtering="only_existing",
        frozen=True,
        extra="forbid",
        populate_by_name=True,
    )

    profile: Literal["local", "production"] = Field(
        default="local", description="production: no process starts with settings that are for one machine only"
    )

    bind: str = Field(default=HOST, description="Address on which the platform's own servers and drivers listen")

    project: Path = Field(default=PROJECT, description="Folder of expectations/ and dags/")
    contracts: Path = Field(default=PROJECT / "contracts", description="Folder of the ODCS files")
    var: Path = Field(default=WORKING_FOLDER / "var", description="Where local servers keep data, logs and process ids")

    jars: Path = Field(
        default=WORKING_FOLDER / "var" / "jars", description="Kafka's and Spark's; `acude doctor` says how to get them"
    )
    java_home: Path | None = Field(default=None, validation_alias="JAVA_HOME", description="None: the java on the PATH")

    # Servers that others reach: in containers, or on several machines
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Names beside loopback's under which the platform's own pages and metrics answer, as `[\"glue\"]`",
    )
    secrets_dir: Path | None = Field(
        default=None, description="Folder of secrets, a file each, named as its variable in lower case: acude_risk_dsn"
    )
    log_folder: Path | None = Field(
        default=None, description="JSON logs are written there, too, a file per process; None: standard error alone"
    )

    # Encryption in transit
    kafka_tls: bool = Field(default=False, description="Clients reach Kafka by TLS")
    local_tls: bool = Field(
        default=False, description="This machine's own servers speak TLS, where they can; `acude up --tls` sets it"
    )
    tls_authority: Path | None = Field(
        default=None,
        description="Certificate of the authority that signs the servers'; None: those that the system trusts",
    )
    tls_certificate: Path | None = Field(
        default=None, description="Key and certificate of the payment API; None: a proxy before it speaks TLS"
    )

    # Events
    kafka_port: int = Field(default=9092, description="Port of the local broker on which anybody may send shop events")
    kafka_login_port: int = Field(default=9094, description="Port on which the local broker asks who comes")
    kafka_controller_port: int = Field(
        default=9093, description="Port on which the local broker talks to its own quorum"
    )
    kafka_bootstrap: str = Field(default=f"{HOST}:9092", description="Brokers, host:port separated by commas")
    kafka_advertised: str = Field(
        default="", description="Host that the local broker names to its clients; empty: where it listens"
    )
    kafka_open: bool = Field(
        default=True, description="Whether the local broker takes shop events without a login, on ACUDE_KAFKA_PORT"
    )
    kafka_rights: Literal["none", "acls", "users"] = Field(
        default="none",
        description="What `acude init` makes on the brokers beside topics: nothing, access lists, or users with theirs",
    )

    kafka_username: str = Field(default="", description="Of the brokers' login by SASL/SCRAM-SHA-512; empty: none")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="Password of that login")
    kafka_certificate: Path | None = Field(
        default=None, description="Key and certificate (PEM, one file) that this client shows to the brokers; needs TLS"
    )
    kafka_iam: bool = Field(
        default=False,
        description="The brokers are MSK's and know AWS's roles: the process's own is the login, over TLS",
    )
    kafka_replication: int = Field(default=1, description="Copies of each partition; 3 on MSK")
    ingest_batch: int = Field(default=300_000, description="Most records of one micro-batch")
    ingest_least: int = Field(default=1000, description="Fewer records than this wait for more")
    ingest_patience: str = Field(default="3s", description="The longest that they wait; each micro-batch leaves files")
    ingest_trigger: str = Field(default="1 second", description="Shortest time between two micro-batches")
    dedup_memory: ByteSize = Field(
        default=ByteSize(2**30),
        ge=2**16,
        description="Most memory for the event ids that the streams' driver knows; the oldest without room are let go",
    )
    measure_trigger: str = Field(default="15 seconds", description="How often the live numbers are updated")
    payments_trigger: str = Field(default="60 seconds", description="How often payments are counted by the minute")
    streams_metrics_port: int = Field(default=9468, description="Port of the streams' metrics and health")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Of the logs of the streams' driver and the risk services"
    )

    document_key: SecretStr = Field(
        default=SecretStr(""), description="Makes the tokens that stand for CPF and CNPJ from silver on"
    )
    document_key_id: str = Field(default="k1", pattern=r"^[a-z0-9]{1,8}$", description="Names that key in the tokens")

    # Catalogue and queries
    glue_port: int = 5055
    glue_endpoint: str | None = None
    athena_port: int = 8444
    athena_endpoint: str | None = None
    athena_workgroup: str = "acude"
    trino_home: Path = Field(
        default=WORKING_FOLDER / "var" / "trino-server", description="Trino; `acude doctor` says how to get it"
    )
    trino_port: int = Field(default=8445, description="Port of the engine behind the local Athena")
    trino_url: str = Field(default="", description="Where Athena's API asks its engine; empty: that port, on loopback")
    trino_memory_mb: int = Field(default=700, ge=600, description="Heap of that engine")
    trino_secret: SecretStr = Field(default=SecretStr(""), description="Signs what the local Athena asks its engine")
    trino_s3_access_key: str = Field(default="", description="The engine's own: reads the lake, writes results only")
    trino_s3_secret_key: SecretStr = SecretStr("")

    # Risk
    valkey_port: int = 6379
    valkey_password: SecretStr = SecretStr("")
    valkey_url: SecretStr = Field(
        default=SecretStr(""), description="redis://… of the velocity store and the rate limits"
    )
    velocity_key: SecretStr = Field(
        default=SecretStr(""), description="Makes the names under which the velocity store keeps entities"
    )
    velocity_key_before: SecretStr = Field(
        default=SecretStr(""),
        description="The key before that one: what it names is read as well, for the 51 days that payments are stored",
    )
    valkey_memory: str = Field(default="256mb", description="Most memory of the local Valkey")
    risk_policy: Path = Field(
        default=_PACKAGE / "risk" / "policy.yaml", description="The rules; read again when it changes"
    )
    risk_model: Path | None = Field(default=None, description="Folder of a trained model; None: the rules alone")
    risk_own_topics: tuple[str, ...] = Field(
        default=(), description='Ways of paying that have a topic and a group of workers of their own, as `["pix"]`'
    )
    risk_groups_port: int = Field(
        default=9470, description="First port of those workers' metrics and health, in the contract's order"
    )
    risk_metrics_port: int = Field(default=9464, description="Port of a worker's metrics and health; each has its own")
    risk_budget: timedelta = Field(default=timedelta(seconds=2), description="A payment is decided within this")
    risk_batch: int = Field(default=64, description="Most payments that a worker decides together")
    risk_port: int = Field(default=8090, description="Port of the local payment API")
    risk_url: str = Field(default=f"http://{HOST}:8090", description="Address of the payment API")
    risk_rate_limit: int = Field(default=500, description="Requests per second that each client may make")
    risk_most_waiting: int = Field(default=256, description="More payments at once in the payment API get a 503")
    risk_most_waiting_client: int = Field(default=192, description="The same of one client alone; more get a 429")
    issuer_port: int = Field(default=8091, description="Port of the local issuer of tokens")
    issuer_key: SecretStr = Field(
        default=SecretStr(""), description="The local issuer's private key, PEM; empty: drawn once, and kept in `var`"
    )
    oauth_issuer: str = Field(default=f"http://{HOST}:8091", description="Issuer of the payment API's tokens")
    oauth_audience: str = "acude"
    oauth_jwks_url: str = Field(default=f"http://{HOST}:8091/jwks.json", description="The issuer's public keys")
    oauth_token_url: str = Field(default=f"http://{HOST}:8091/token", description="Where clients get tokens")
    risk_client_id: str = Field(default="loja", description="The shop's own client of the payment API")
    risk_client_secret: SecretStr = SecretStr("")
    risk_analyst_secret: SecretStr = Field(default=SecretStr(""), description="Of the local client `analista`")
    blacklist_port: int = Field(default=8072, description="Port of the simulated external list of documents")
    blacklist_url: str = Field(default="", description="Where documents are looked up; empty: nowhere")
    blacklist_kept: timedelta = Field(default=timedelta(hours=6), description="How long the list's answer holds")
    risk_lists_old: timedelta = Field(
        default=timedelta(seconds=30),
        description="Decisions say so where block and allow list were last read longer ago than this",
    )
    risk_dsn: SecretStr = Field(default=SecretStr(""), description="The decisions' database")
    risk_read_dsn: SecretStr = Field(
        default=SecretStr(""),
        description="A replica of it, which the payment API reads first; empty: none",
    )
    audit_keys: SecretStr = Field(
        default=SecretStr(""),
        description="`k2:key,k1:key`: the first chains new rows of the audit log, all of them verify",
    )
    risk_recorder_port: int = Field(default=9465, description="Port of the recorder's metrics and health")
    risk_notifier_port: int = Field(default=9466, description="Port of the notifier's metrics, health and /alertas")
    risk_api_metrics_port: int = Field(default=9467, description="Port of the payment API's metrics")
    webhook_url: str = Field(default="", description="The recipient of refusals and reviews; empty: none")
    webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Signs what is delivered: whsec_ and base64, as Standard Webhooks defines"
    )
    webhook_tries: int = Field(default=6, ge=1, description="Tries of a delivery; after them it is a dead letter")
    alerts_token: SecretStr = Field(
        default=SecretStr(""), description="Token that Alertmanager sends to the notifier; empty: it takes no alerts"
    )
    receiver_port: int = Field(default=8073, description="Port of the local webhook's receiver")

    # Airflow
    airflow_port: int = 8080
    airflow_url: str = "http://127.0.0.1:8080"
    airflow_public_url: str = Field(
        default="", description="Where browsers reach Airflow; empty: ACUDE_AIRFLOW_URL, where its tasks do"
    )
    airflow_user: str = "admin"
    airflow_password: SecretStr = SecretStr("")
    airflow_dsn: SecretStr = Field(default=SecretStr(""), description="Airflow's own database")
    airflow_fernet_key: SecretStr = SecretStr("")
    airflow_jwt_secret: SecretStr = SecretStr("")

    # Simulator
    warehouses_port: int = Field(default=8071, description="Port of the simulated warehouses' REST API")
    traffic_rate: float = Field(default=20, description="Events per second of the live shoppers that `acude up` starts")
    payments_rate: float = Field(default=2, description="Payments per second of the live payers that `acude up` starts")
    warehouses_url: str = "http://127.0.0.1:8071"

    @field_validator("*", mode="before")
    @classmethod
    def _nothing_is_none(cls, value: object, info: ValidationInfo) -> object:
        """A variable set to nothing leaves an optional setting out: `ACUDE_GLUE_ENDPOINT=` is the real Glue."""
        optional = NoneType in get_args(cls.model_fields[info.field_name or ""].annotation)
        return None if optional and value == "" else value

    @cached_property
    def lake(self) -> str:
        """URL of the lake's root for Spark, without a trailing slash."""
        return f"s3a://{self.lake_bucket}"

    @property
    def here(self) -> str:
        """Where this machine's own servers are found from this machine."""
        return HOST if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 - a comparison

    @property
    def spark_host(self) -> str:
        """The name by which a process of Spark is reached by the others."""
        return self.spark_driver_host or self.here

    @property
    def listens_to(self) -> list[str]:
        """Names under which the platform's own pages answer. A web page reaches loopback too, but under its own."""
        return [self.here, HOST, "localhost", *self.hosts]

    def tls_context(self) -> ssl.SSLContext:
        """What HTTPS clients of the platform's own servers trust."""
        return ssl.create_default_context(cafile=self.tls_authority)

    def aws_options(self) -> dict[str, str]:
        """Region and, where set, credentials as boto3's client arguments."""
        options = {"region_name": self.aws_region}
        if self.s3_access_key and self.s3_secret_key:
            options |= {
                "aws_access_key_id": self.s3_access_key.get_secret_value(),
                "aws_secret_access_key": self.s3_secret_key.get_secret_value(),
            }
        return options


_overrides: dict[str, object] = {}
"""Values that win over the environment in this process."""


def override(values: Mapping[str, object]) -> None:
    """Lets these values win in this process from now on, in the place of earlier ones; a task of Airflow's does so."""
    _overrides.clear()
    _overrides.update(values)
    settings.cache_clear()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once; the local file lies in ``ACUDE_VAR`` where that is set.

    Raises:
        AcudeError: one has another name now; or the profile is `production`, and some are not safe there.
    """
    refuse_former(os.environ)
    local_env = Path(os.environ.get("ACUDE_VAR", LOCAL_ENV.parent)) / LOCAL_ENV.name
    secrets = os.environ.get("ACUDE_SECRETS_DIR")
    found = Settings(_env_file=local_env, _secrets_dir=secrets, **_overrides)  # type: ignore[call-arg, arg-type]
    require_safe(found)
    return found

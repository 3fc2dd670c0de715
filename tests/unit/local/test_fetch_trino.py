"""Trino's archive is unpacked whole and thinned out; its configuration is private and binds to loopback."""

import io
import stat
import tarfile
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.progress import Progress

from acude.local.errors import PlatformError
from acude.local.fetch_trino import PIN, PLUGINS, parse, unpack
from acude.local.servers import s3, trino
from acude.settings import Settings


def config(folder: Path) -> Settings:
    (folder / "server" / "lib").mkdir(parents=True)
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        var=folder,
        trino_home=folder / "server",
        trino_secret=SecretStr("assina"),
        trino_s3_access_key="motor",
        trino_s3_secret_key=SecretStr("estreito"),
        s3_access_key=SecretStr("tudo"),
        s3_secret_key=SecretStr("largo"),
    )


def packed(folder: Path) -> Path:
    """An archive in which a plugin that stays has its file as a hard link into one that goes."""
    path = folder / "trino.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("lib/a.jar", "plugin/ignite/shared.jar"):
            member = tarfile.TarInfo(f"trino-server-476/{name}")
            member.size = 3
            archive.addfile(member, io.BytesIO(b"jar"))
        link = tarfile.TarInfo("trino-server-476/plugin/hive/shared.jar")
        link.type, link.linkname = tarfile.LNKTYPE, "trino-server-476/plugin/ignite/shared.jar"
        archive.addfile(link)
    return path


def test_an_unpacked_server_keeps_what_its_plugins_share(tmp_path: Path) -> None:
    target = tmp_path / "server"
    (target / "old").mkdir(parents=True)
    unpack(packed(tmp_path), target, Progress(disable=True))
    found = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert found == ["lib/a.jar", "plugin/hive/shared.jar"]
    assert (target / "plugin" / "hive" / "shared.jar").read_bytes() == b"jar"


def test_the_archive_is_pinned_by_its_hash() -> None:
    archive = parse(PIN.read_text())
    assert len(bytes.fromhex(archive.sha256)) == 32
    assert "hive" in PLUGINS


def test_the_configuration_is_its_owners_alone(tmp_path: Path) -> None:
    trino.prepare(config(tmp_path))
    files = [path for path in (tmp_path / "trino" / "etc").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert "estreito" in (tmp_path / "trino" / "etc" / "catalog" / "awsdatacatalog.properties").read_text()


def test_no_secret_is_an_argument(tmp_path: Path) -> None:
    command = " ".join(trino.command(config(tmp_path)))
    assert not [secret for secret in ("assina", "estreito", "motor", "largo") if secret in command]


def test_it_listens_on_loopback_and_asks_for_a_token(tmp_path: Path) -> None:
    text = trino.files(config(tmp_path))["config.properties"]
    assert "node.bind-ip=127.0.0.1\n" in text
    assert "http-server.authentication.type=JWT\n" in text


def test_a_server_that_was_never_fetched_says_what_to_do(tmp_path: Path) -> None:
    missing = config(tmp_path).model_copy(update={"trino_home": tmp_path / "nowhere"})
    with pytest.raises(PlatformError, match=r"Trino is missing .*make install"):
        trino.prepare(missing)


def test_the_engines_key_writes_results_only(tmp_path: Path) -> None:
    identities: list[dict[str, object]] = s3.identities(config(tmp_path))["identities"]  # type: ignore[assignment]
    [actions] = [each["actions"] for each in identities if each["name"] == "trino"]
    assert [action for action in actions if not str(action).startswith(("Read:", "List:"))] == [  # type: ignore[attr-defined]
        "Write:acude-athena-results"
    ]


def test_on_aws_glue_and_s3_are_found_without_an_address(tmp_path: Path) -> None:
    aws = trino.files(config(tmp_path).model_copy(update={"aws_region": "sa-east-1"}))
    lines = [line for name, text in aws.items() if name.startswith("catalog/") for line in text.splitlines()]
    assert [line for line in lines if "endpoint" in line or "path-style" in line or line.endswith("=")] == []
    assert {"hive.metastore.glue.region=sa-east-1", "s3.region=sa-east-1"} <= set(lines)

"""Fetch Trino, as ``infra/jvm/trino.txt`` pins it, into ``var/trino-server/``: ``python -m acude.local.fetch_trino``.

Ivy fetches it as it fetches the jars; no address is written here.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from acude.local import fetch_jars
from acude.local.errors import PlatformError
from acude.settings import PROJECT, Settings, settings

PIN = PROJECT / "infra" / "jvm" / "trino.txt"
PLUGINS = {"delta-lake", "hive", "memory"}
"""Those that are kept of some fifty."""
_BETWEEN_LOOKS_S = 0.5


class Archive(NamedTuple):
    """The archive that is fetched."""

    organisation: str
    name: str
    version: str
    size: int
    sha256: str


def parse(text: str) -> Archive:
    """The pinned archive.

    >>> parse("io.trino:trino-server:476 821045832 cfd5")
    Archive(organisation='io.trino', name='trino-server', version='476', size=821045832, sha256='cfd5')
    """
    [line] = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    organisation, name, version = line[0].split(":")
    return Archive(organisation, name, version, int(line[1]), line[2])


def ivy_module(archive: Archive) -> str:
    """The archive as Ivy's module file."""
    return f"""\
<ivy-module version="2.0">
  <info organisation="acude" module="trino"/>
  <dependencies>
    <dependency org="{archive.organisation}" name="{archive.name}" rev="{archive.version}" transitive="false">
      <artifact name="{archive.name}" type="tar.gz" ext="tar.gz"/>
    </dependency>
  </dependencies>
</ivy-module>
"""


def fetch(config: Settings) -> None:
    """Fetch, check, unpack, and forget the archive. One that lies there from an interrupted run is used.

    Raises:
        PlatformError: No usable Java, no network, or not the archive that is pinned.
    """
    archive = parse(PIN.read_text())
    shown = Progress(TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), console=Console(stderr=True))
    with shown as progress:
        packed = _fetched(config, archive, progress)
        with packed.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != archive.sha256:
                packed.unlink()
                raise PlatformError(
                    f"{packed.name} is not the archive that {PIN.name} pins.", "Run `make install` again."
                )
        draft = config.trino_home.with_name(f"{config.trino_home.name}.new")
        unpack(packed, draft, progress)
    shutil.rmtree(config.trino_home, ignore_errors=True)
    draft.rename(config.trino_home)
    packed.unlink()


@fetch_jars.tried_twice
def _fetched(config: Settings, archive: Archive, progress: Progress) -> Path:
    work = config.trino_home.with_name("ivy")
    cache = work / "cache" / archive.organisation / archive.name
    command = fetch_jars.ivy(config, work, "trino", ivy_module(archive))
    task = progress.add_task(f"fetching {archive.name} {archive.version}", total=archive.size)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        while True:
            try:
                # Read to its end, else Ivy's own dots fill the pipe.
                lines, _ = running.communicate(timeout=_BETWEEN_LOOKS_S)
                break
            except subprocess.TimeoutExpired:
                progress.update(task, completed=sum(part.stat().st_size for part in cache.rglob("*.tar.gz*")))
    found = list(cache.rglob(f"{archive.name}-{archive.version}.tar.gz"))
    if running.returncode or not found:
        advice = "See Ivy's lines above; with the network back, run `make install` again."
        raise fetch_jars.FetchError("Trino could not be fetched.", advice, lines.strip(". \n").splitlines()[-25:])
    progress.update(task, completed=archive.size)
    return found[0]


def unpack(packed: Path, target: Path, progress: Progress) -> None:
    """Unpack everything, then delete the plugins that are not needed: plugins share files by hard links.

    Args:
        packed: A ``tar.gz`` with one folder in it.
        target: The folder, which is replaced.
        progress: Shows how far it is.
    """
    shutil.rmtree(target, ignore_errors=True)
    with packed.open("rb") as file, tarfile.open(fileobj=file, mode="r|gz") as members:
        task = progress.add_task("unpacking", total=packed.stat().st_size)
        for member in members:
            inside = member.replace(name=member.name.partition("/")[2] or ".", deep=False)
            if member.islnk():
                inside = inside.replace(linkname=member.linkname.partition("/")[2], deep=False)
            members.extract(inside, target, filter="data")
            progress.update(task, completed=file.tell())
    for plugin in (target / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)


if __name__ == "__main__":
    try:
        fetch(settings())
    except PlatformError as error:
        sys.exit("\n".join([*error.log, str(error)]))

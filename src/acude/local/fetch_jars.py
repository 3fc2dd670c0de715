"""Fetch the jars of ``infra/jvm/jars.txt`` into ``var/jars/<set>/``: ``python -m acude.local.fetch_jars``.

Ivy does it, which pyspark ships: a flat list of exact versions, no POM walking. The public Maven repository is Ivy's
own default, so no address is written here.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from acude.local.errors import PlatformError
from acude.local.java import require_java
from acude.settings import PROJECT, Settings, settings

LIST = PROJECT / "infra" / "jvm" / "jars.txt"

_SETTINGS = """\
<ivysettings>
  <settings defaultResolver="central"/>
  <caches defaultCacheDir="${ivy.settings.dir}/cache"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="false"/></resolvers>
</ivysettings>
"""


class FetchError(PlatformError):
    """Something could not be fetched."""


tried_twice = retry(
    retry=retry_if_exception_type(FetchError), stop=stop_after_attempt(2), wait=wait_fixed(3), reraise=True
)
"""A repository may be out of reach for a moment; what has arrived is kept."""


class Jar(NamedTuple):
    """One line of the list."""

    group: str
    organisation: str
    name: str
    version: str


def parse(text: str) -> list[Jar]:
    """The list's jars.

    >>> parse("kafka org.slf4j:slf4j-api:1.7.36")
    [Jar(group='kafka', organisation='org.slf4j', name='slf4j-api', version='1.7.36')]
    """
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [Jar(group, *coordinates.split(":")) for group, coordinates in lines]


def ivy_module(jars: list[Jar]) -> str:
    """The list as Ivy's module file, one configuration per set."""
    groups = "".join(f"<conf name={quoteattr(group)}/>" for group in sorted({jar.group for jar in jars}))
    dependencies = "".join(
        f"    <dependency conf={quoteattr(jar.group + '->default')} org={quoteattr(jar.organisation)} "
        f'name={quoteattr(jar.name)} rev={quoteattr(jar.version)} transitive="false"/>\n'
        for jar in jars
    )
    return f"""\
<ivy-module version="2.0">
  <info organisation="acude" module="jars"/>
  <configurations>{groups}</configurations>
  <dependencies>
{dependencies}  </dependencies>
</ivy-module>
"""


@tried_twice
def fetch(config: Settings) -> None:
    """Fetch what is missing and drop what the list no longer names.

    Raises:
        PlatformError: No usable Java.
        FetchError: A jar can't be fetched.
    """
    pattern = f"{config.jars}/[conf]/[artifact]-[revision].[ext]"
    command = ivy(config, config.jars.with_name("ivy"), "jars", ivy_module(parse(LIST.read_text())))
    answer = subprocess.run([*command, "-retrieve", pattern, "-sync"], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise FetchError(
            "Not every jar of infra/jvm/jars.txt could be fetched.",
            "See Ivy's lines above; with the network back, run `make install` again.",
            (answer.stdout + answer.stderr).splitlines()[-25:],
        )


def ivy(config: Settings, work: Path, name: str, module: str) -> list[str | Path]:
    """The command that resolves a module file; its cache lies in ``work``.

    Raises:
        PlatformError: No usable Java.
    """
    java = require_java(config)
    work.mkdir(parents=True, exist_ok=True)
    (work / "settings.xml").write_text(_SETTINGS)
    (work / f"{name}.xml").write_text(module)
    return [java, "-jar", _ivy(), "-settings", work / "settings.xml", "-ivy", work / f"{name}.xml", "-warn"]


def _ivy() -> Path:
    spec = find_spec("pyspark")
    found = list(Path(spec.origin).parent.glob("jars/ivy-*.jar")) if spec and spec.origin else []
    if not found:
        raise PlatformError("Ivy, which pyspark ships, is missing.", "Run `make install`.")
    return found[0]


if __name__ == "__main__":
    try:
        fetch(settings())
    except PlatformError as error:
        sys.exit("\n".join([*error.log, str(error)]))

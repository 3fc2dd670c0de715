"""Finding a Java that can run the servers."""

import re
import shutil
import subprocess
from pathlib import Path

from acude.local.errors import PlatformError
from acude.local.fetched import fetch_advice
from acude.settings import Settings

OLDEST = 17
"""Spark 4.2 and Kafka 4.3 are compiled for it."""

ADVICE = f"Install a JDK {OLDEST} (Debian, Ubuntu: `apt-get install openjdk-17-jre-headless`), or set JAVA_HOME to one."
"""What to do without a usable Java."""

_VERSION = re.compile(r'version "(?P<major>\d+)(?:\.(?P<minor>\d+))?')


def find_java(config: Settings) -> Path | None:
    """The ``java`` of JAVA_HOME, else the one on the PATH."""
    if config.java_home:
        java = config.java_home / "bin" / "java"
        return java if java.exists() else None
    found = shutil.which("java")
    return Path(found).resolve() if found else None


def java_version(java: Path) -> int | None:
    """Major version of a ``java``, None where it doesn't say."""
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return parse_version(answer.stderr)


def parse_version(text: str) -> int | None:
    """Major version out of what ``java -version`` prints.

    >>> parse_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> parse_version('java version "1.8.0_392"')
    8
    """
    match = _VERSION.search(text)
    if not match:
        return None
    old_style = match["major"] == "1" and match["minor"]
    return int(match["minor"] if old_style else match["major"])


def require_java(config: Settings) -> Path:
    """The ``java`` to run the servers with.

    Raises:
        PlatformError: There is none, or it is too old.
    """
    java = find_java(config)
    if java is None:
        where = f"JAVA_HOME ({config.java_home})" if config.java_home else "the PATH"
        raise PlatformError(f"Kafka and Spark need Java {OLDEST} or newer, but none was found in {where}.", ADVICE)
    version = java_version(java)
    if version is None or version < OLDEST:
        raise PlatformError(f"Kafka and Spark need Java {OLDEST} or newer, but {java} is version {version}.", ADVICE)
    return java


def jars(config: Settings, group: str) -> Path:
    """Folder of one group of ``infra/jvm/jars.txt``."""
    return config.jars / group


def require_jars(config: Settings, group: str) -> None:
    """Refuse to start a JVM server whose jars were never fetched.

    Raises:
        PlatformError: They are missing.
    """
    folder = jars(config, group)
    if not any(folder.glob("*.jar")):
        raise PlatformError(f"The jars of {group} are missing in {folder}.", fetch_advice("acude.local.fetch_jars"))

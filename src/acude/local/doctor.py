"""What this machine lacks to run the platform, and how to get it."""

import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import psutil

from acude.local import java, ports, processes
from acude.local.fetch_jars import LIST, parse
from acude.local.fetched import fetch_advice
from acude.local.platform import LEAST_FREE_GB
from acude.local.services import all_services
from acude.settings import Settings

LEAST_MEMORY_GB = 7
"""All servers, one stream and one batch job: what a machine of 8 GB shows."""

INSTALL_GB = 10
"""Free disk for packages, jars, Trino and its archive, and some days' data."""

UNPACKED = Path("var", "tools", "usr", "bin")
"""Where `make packages` puts programs that shall not be installed, in the checkout."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """One line of ``acude doctor``.

    Attributes:
        subject: What was looked at.
        good: Whether it suffices.
        found: What is there.
        advice: How to get what is missing; empty where nothing is.
        needed: Whether the platform can't run without it; otherwise only the tests need it.
    """

    subject: str
    good: bool
    found: str
    advice: str = ""
    needed: bool = True


def examine(config: Settings) -> list[Check]:
    """All checks of this machine."""
    program = java.find_java(config)
    memory_gb = psutil.virtual_memory().total / 1e9
    existing = next(folder for folder in (config.var, *config.var.parents) if folder.exists())
    return [
        python_check(sys.version_info[:2]),
        java_check(program, java.java_version(program) if program else None),
        tool_check("git", shutil.which("git"), "Install git (Debian, Ubuntu: apt-get install git)."),
        disk_check(existing, shutil.disk_usage(existing).free / 1e9, installed=config.trino_home.exists()),
        memory_check(memory_gb),
        jars_check(missing_jars(config)),
        trino_check(config.trino_home),
        ports_check(taken_ports(config)),
        open_check([service.name for service in all_services(config) if service.ports and not service.login]),
        bind_check(config),
        browser_check(next(filter(None, map(shutil.which, BROWSERS)), None)),
        promtool_check(shutil.which("promtool") or shutil.which("promtool", path=config.project / UNPACKED)),
    ]


def python_check(version: tuple[int, ...]) -> Check:
    """Airflow, Spark and their pins are locked for one minor version."""
    found = f"Python {version[0]}.{version[1]}"
    advice = "" if version == (3, 11) else "Install Python 3.11, then `make install PYTHON=python3.11`."
    return Check("python", not advice, found, advice)


def java_check(program: Path | None, version: int | None) -> Check:
    """Kafka and Spark run on a Java that is new enough."""
    if program is None:
        return Check("java", good=False, found="none", advice=java.ADVICE)
    good = version is not None and version >= java.OLDEST
    found = f"Java {version} at {program}" if version else f"{program}, which does not say its version"
    return Check("java", good, found, "" if good else java.ADVICE)


def disk_check(folder: Path, free_gb: float, *, installed: bool = True) -> Check:
    """The install fills some; Kafka and the object store stop writing on a full disk."""
    wanted = LEAST_FREE_GB if installed else INSTALL_GB
    good = free_gb >= wanted
    advice = "" if good else f"Free {wanted - free_gb:.1f} GB, or set ACUDE_VAR to a folder on another disk."
    return Check("disk", good, f"{free_gb:.1f} GB free at {folder}", advice)


def memory_check(total_gb: float) -> Check:
    """All servers together need this much."""
    good = total_gb >= LEAST_MEMORY_GB
    advice = (
        "" if good else f"The platform wants {LEAST_MEMORY_GB + 1} GB; start fewer servers with `acude up --only NAME`."
    )
    return Check("memory", good, f"{total_gb:.1f} GB", advice)


def jars_check(missing: list[str]) -> Check:
    """Every jar of the list is there."""
    if not missing:
        return Check("jars", good=True, found="complete")
    advice = fetch_advice("acude.local.fetch_jars")
    return Check("jars", good=False, found=f"{len(missing)} missing, first {missing[0]}", advice=advice)


def trino_check(folder: Path) -> Check:
    """The engine behind the local Athena was fetched."""
    good = (folder / "lib").is_dir()
    return Check(
        "trino", good, str(folder) if good else "none", "" if good else fetch_advice("acude.local.fetch_trino")
    )


def ports_check(taken: list[tuple[int, str, str]]) -> Check:
    """Every port is free, or held by the platform itself. Taken ones come as (port, setting, holder)."""
    if not taken:
        return Check("ports", good=True, found="free, or the platform's own")
    found = "; ".join(f"{port} is taken by {holder}" for port, _, holder in taken)
    moves = " ".join(f"ACUDE_{setting.upper()}=<port>" for _, setting, _ in taken)
    return Check("ports", good=False, found=found, advice=f"Stop them, or set {moves}.")


def tool_check(name: str, path: str | None, advice: str) -> Check:
    """A program is on the PATH."""
    return Check(name, bool(path), path or "none", "" if path else advice)


def open_check(names: list[str]) -> Check:
    """Whom the servers answer: on loopback, some answer every user of this machine."""
    found = f"{', '.join(names)}: whoever works on this machine reaches them"
    advice = "" if not names else "Share the machine only with people who may read the shop's events."
    return Check("access", not names, found if names else "every server asks for credentials", advice, needed=False)


def bind_check(config: Settings) -> Check:
    """Beyond this machine the broker's port without a login had better be closed."""
    try:
        loopback = ip_address(config.bind).is_loopback
    except ValueError:
        loopback = config.bind == "localhost"
    good = loopback or not config.kafka_open
    advice = "" if good else "Set ACUDE_KAFKA_OPEN=false, or leave ACUDE_BIND out."
    found = f"servers listen on {config.bind}"
    return Check("network", good, found if good else f"{found}, and anybody may send shop events", advice, needed=False)


def browser_check(path: str | None) -> Check:
    """The browser tests have a browser."""
    advice = "" if path else "Only `make test` needs it. Install it (Debian, Ubuntu: apt-get install chromium)."
    return Check("browser", bool(path), path or "none", advice, needed=False)


def promtool_check(path: str | None) -> Check:
    """The tests of the alert rules have Prometheus' own tools."""
    advice = (
        "" if path else "Only `make test` needs it: run `make packages` (Debian, Ubuntu: apt-get install prometheus)."
    )
    return Check("promtool", bool(path), path or "none", advice, needed=False)


def missing_jars(config: Settings) -> list[str]:
    """Jars of the list that were not fetched."""
    wanted = ((jar, java.jars(config, jar.group) / f"{jar.name}-{jar.version}.jar") for jar in parse(LIST.read_text()))
    return [f"{jar.organisation}:{jar.name}:{jar.version}" for jar, path in wanted if not path.exists()]


def taken_ports(config: Settings) -> list[tuple[int, str, str]]:
    """Ports of the platform that another program holds, as (port, setting, holder)."""
    own = own_ports(processes.marked(config.var))
    every = [place for service in all_services(config) for place in service.places(config)]
    return [
        (port, setting, ports.holder(port))
        for host, port, setting in every
        if port not in own and not ports.is_free(port, host)
    ]


def own_ports(members: Iterable[psutil.Process]) -> set[int]:
    """Ports on which the given processes listen."""
    return {port for member in members for _, port in ports.listening(member.pid)}

from pathlib import Path

import pytest

from acude.local.errors import PlatformError
from acude.local.java import find_java, parse_version, require_jars, require_java
from acude.settings import Settings


def jdk(folder: Path, banner: str) -> Settings:
    """Settings whose JAVA_HOME holds a `java` that introduces itself with the banner."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{banner}' >&2\n")
    program.chmod(0o755)
    return Settings(java_home=folder)


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ("no such thing", None),
    ],
)
def test_the_major_version_is_read_from_every_style(banner: str, version: int | None) -> None:
    assert parse_version(banner) == version


def test_java_home_wins_over_the_path(tmp_path: Path) -> None:
    config = jdk(tmp_path, 'openjdk version "17.0.1"')

    assert find_java(config) == tmp_path / "bin" / "java"
    assert require_java(config) == tmp_path / "bin" / "java"


def test_an_old_java_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"Java 17 or newer, but .* is version 11.*apt-get install openjdk-17"):
        require_java(jdk(tmp_path, 'openjdk version "11.0.2"'))


def test_a_java_home_without_java_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"none was found in JAVA_HOME"):
        require_java(Settings(java_home=tmp_path))


def test_missing_jars_lead_to_make_install(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="make install"):
        require_jars(Settings(jars=tmp_path), "kafka")

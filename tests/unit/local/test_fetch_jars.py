"""The list of jars, and fetching it over a network that fails for a moment."""

import re
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tenacity import wait_none

from acude.local import fetch_jars
from acude.local.fetch_jars import LIST, ivy_module, parse
from acude.settings import Settings

JARS = parse(LIST.read_text())


def test_every_line_of_the_list_becomes_one_exact_dependency() -> None:
    module = ET.fromstring(ivy_module(JARS))  # noqa: S314 - our own text
    dependencies = list(module.iter("dependency"))

    assert len(dependencies) == len(JARS)
    assert {dependency.get("transitive") for dependency in dependencies} == {"false"}


def test_no_jar_is_listed_in_two_versions_within_a_set() -> None:
    times = Counter((jar.group, jar.organisation, jar.name) for jar in JARS)

    assert [key for key, count in times.items() if count > 1] == []


def test_versions_are_exact() -> None:
    assert [jar for jar in JARS if not re.fullmatch(r"[0-9][\w.\-]*", jar.version)] == []


@pytest.mark.parametrize(("codes", "fetched"), [((1, 0), True), ((1, 1), False)])
def test_a_moment_without_network_is_waited_out(
    codes: tuple[int, int], *, fetched: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers = iter(codes)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, next(answers), "", "")
    )
    monkeypatch.setattr(fetch_jars, "require_java", lambda _: "java")
    monkeypatch.setattr(fetch_jars.fetch.retry, "wait", wait_none())
    if fetched:
        fetch_jars.fetch(Settings(var=tmp_path))
    else:
        with pytest.raises(fetch_jars.FetchError, match="with the network back"):
            fetch_jars.fetch(Settings(var=tmp_path))
    assert next(answers, None) is None

import re
from collections import Counter
from xml.etree import ElementTree as ET

from acude.local.jars import LIST, ivy_module, parse

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

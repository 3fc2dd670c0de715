"""What `make` offers."""

import re
import subprocess

from acude.settings import PROJECT


def test_each_target_is_there_once_and_make_help_lists_it() -> None:
    answer = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    text = (PROJECT / "Makefile").read_text()
    phony = re.search(r"\.PHONY:((?:.*\\\n)*.*)", text)
    assert phony
    declared = set(phony[1].replace("\\", " ").split())
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    assert sorted(targets) == sorted(declared)
    assert {line.split()[1] for line in answer.stdout.splitlines() if line.startswith("  make ")} == declared

"""The documentation's list of queries is the code's."""

import re

from acude.settings import PROJECT
from jobs.streaming.queries import QUERIES


def test_the_documentation_lists_the_queries_with_what_they_read_and_their_checkpoints() -> None:
    text = (PROJECT / "docs" / "streams.md").read_text(encoding="utf-8")
    rows = [[re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    listed = [
        (name, [one for one in reads if one.startswith("silver.")], checkpoint)
        for name, reads, _, checkpoint, _ in (row for row in rows if len(row) == 5 and row[0])
    ]
    assert listed == [([query.name], list(query.sources), [query.checkpoint]) for query in QUERIES]

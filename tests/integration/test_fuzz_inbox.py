"""Nothing that a file's bytes can spell ends the reader's process or raises anything but the day's refusal."""

import pytest

from tests.fuzz.inbox import KINDS
from tests.fuzz.processes import FEW, MANY, assert_survived

SHARES = len(KINDS)
"""Of the inputs, one for each kind."""


@pytest.mark.parametrize(
    "count", [FEW // SHARES, pytest.param(MANY // SHARES, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_read_or_refused(kind: str, count: int) -> None:
    seen = dict(one.split(":") for one in assert_survived("inbox", "files", kind, count).split())
    assert sum(map(int, seen.values())) == count
    # Files that are only refused would tell little of what comes behind the refusal.
    assert min(int(seen.get(how, 0)) for how in ("read", "refused")) > count * SHARES / 50

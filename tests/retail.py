"""The Online Retail files, which lie beside the checkout."""

import os

import pytest

from acude.settings import PROJECT

FILES = PROJECT.parent / "shared" / "data" / "online-retail"
DAYS = 271
"""How many days of the shop there are."""

needed = pytest.mark.skipif(
    not FILES.is_dir() and "CI" not in os.environ and "RETAIL_DAYS" not in os.environ,
    reason=f"the Online Retail files are not in {FILES}",
)
"""Skips in a clone that has no files; where CI or RETAIL_DAYS is set, tests without them fail."""

"""A table's suite: what its contract says, and what its file in expectations/ adds."""

import json
from pathlib import Path
from typing import Any

from acude.contracts.gx import Expectation, base_expectations
from acude.contracts.model import Contract
from acude.settings import settings

ROWS, BALANCE = "linhas", "balanco"
"""The frames that an expectation may be about, named by its meta entry `quadro`; rows unless said otherwise."""


def suite_path(contract: Contract, folder: Path | None = None) -> Path:
    """Where a table's own expectations lie: expectations/<layer>/<table>.json, in Great Expectations' suite form."""
    return (folder or settings().project / "expectations") / contract.layer / f"{contract.name}.json"


def own_expectations(contract: Contract, folder: Path | None = None) -> list[Expectation]:
    """What the table's file adds; nothing where it has none, as a topic's silver table."""
    path = suite_path(contract, folder)
    if not path.exists():
        return []
    suite: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return list(suite["expectations"])


def suite_of(contract: Contract, frame: str = ROWS) -> list[Expectation]:
    """All expectations about one frame of a table."""
    own = [one for one in own_expectations(contract) if one.get("meta", {}).get("quadro", ROWS) == frame]
    return [*base_expectations(contract), *own] if frame == ROWS else own

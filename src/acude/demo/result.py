"""What each half of the demo did and found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from acude.reconciliation.report import Report

Say = Callable[[str], None]


@dataclass
class PropertyResult:
    """Whether one property held, and what shows it."""

    property: str
    held: bool
    evidence: str


@dataclass
class ShopResult:
    """What the shop's half did and found."""

    day: date
    properties: list[PropertyResult] = field(default_factory=list)
    report: Report | None = None
    best_sellers: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether all five properties held."""
        return len(self.properties) == 5 and all(one.held for one in self.properties)  # noqa: PLR2004 - 1 to 5


class DecisionCount(NamedTuple):
    """Payments with the same decision by the same model.

    Attributes:
        decisao: the decision.
        versao_modelo: the model's version.
        payments: how many.
        by_model: those that the model gave a reason for.
        silent: those without a reason.
        latency_ms: the longest.
    """

    decisao: str
    versao_modelo: str
    payments: int
    by_model: int
    silent: int
    latency_ms: int


@dataclass
class PaymentsResult:
    """What the payments' half did and found.

    Attributes:
        model: the version that decides now.
        properties: what held.
        decided: what was decided with the model.
    """

    model: str = ""
    properties: list[PropertyResult] = field(default_factory=list)
    decided: list[DecisionCount] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether all three properties held."""
        return len(self.properties) == 3 and all(one.held for one in self.properties)  # noqa: PLR2004 - 1 to 3

"""What other rules would have decided, and what that would have cost: from counted pairs of decisions to figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple

from acude.risk.decision import Verdict

NOT_DECIDED: Final = "sem_decisao"
"""Stands where one of the two has no decision on a payment."""

_ORDER: Final = (*Verdict, NOT_DECIDED)
_STRICTNESS: Final = {Verdict.APPROVE: 0, Verdict.REVIEW: 1, Verdict.REFUSE: 2}


class Label(StrEnum):
    """What is known of a payment."""

    FRAUD = "fraude"
    HONEST = "honesta"
    UNKNOWN = "desconhecida"


class Cell(NamedTuple):
    """Payments on which both decided the same pair, and of which the same is known.

    Attributes:
        viva: what was decided; `sem_decisao` where nothing was.
        candidata: what the candidate says; `sem_decisao` where it has not seen the payment.
        conhecida: what is known of them.
        quantas: how many they are.
        valor: sum of their amounts.
        defeitos: on how many of them a rule or the model of the candidate failed; None where that is not known.
    """

    viva: str
    candidata: str
    conhecida: str
    quantas: int
    valor: Decimal
    defeitos: int | None = None


class Amount(NamedTuple):
    """A number of payments, and the sum of their amounts."""

    quantas: int
    valor: Decimal


@dataclass(frozen=True)
class Comparison:
    """The figures of a comparison.

    Args:
        cells: each pair and label once.
    """

    cells: Sequence[Cell]

    def amount(self, chosen: Callable[[Cell], bool]) -> Amount:
        """The cells that fit, together."""
        found = [cell for cell in self.cells if chosen(cell)]
        return Amount(sum(cell.quantas for cell in found), sum((cell.valor for cell in found), Decimal()))

    def table(self) -> dict[tuple[str, str], Amount]:
        """By pair of decisions, in the order from approval to refusal."""
        pairs = {(cell.viva, cell.candidata) for cell in self.cells}
        ordered = sorted(pairs, key=lambda pair: (_ORDER.index(pair[0]), _ORDER.index(pair[1])))
        return {pair: self.amount(partial(_is_pair, pair)) for pair in ordered}

    @property
    def compared(self) -> Amount:
        """Payments that both decided."""
        return self.amount(_both)

    @property
    def differing(self) -> Amount:
        """Payments that they decided differently: the value at stake."""
        return self.amount(lambda cell: _both(cell) and cell.viva != cell.candidata)

    @property
    def agreement(self) -> float | None:
        """Share of the payments on which they agree, 0 to 1; None where there is none."""
        both = self.compared.quantas
        return 1 - self.differing.quantas / both if both else None

    def moved(self, *, stricter: bool) -> Amount:
        """Payments on which the candidate is stricter than what was decided, or milder."""
        sign = 1 if stricter else -1
        return self.amount(lambda cell: _both(cell) and sign * (_strict(cell.candidata) - _strict(cell.viva)) > 0)

    @property
    def defects(self) -> int | None:
        """Payments on which the candidate failed, which it sends to review; None where that is not known.

        A shadow's failures are compared with nothing: metric `risco_sombra_falhas_total` has them.
        """
        known = [cell.defeitos for cell in self.cells if cell.defeitos is not None]
        return sum(known) if known else None

    def known(self) -> dict[str, Amount]:
        """What is known of the compared payments, by label."""
        return {label: self.amount(partial(_is_known, label)) for label in Label}

    def side(self, side: str) -> dict[str, Amount]:
        """Errors and work of one side, `viva` or `candidata`, on the payments that both decided.

        `honestas_negadas` counts payments that were found honest, and those of which nothing came to light.
        """

        def where(verdict: Verdict, *labels: Label) -> Amount:
            return self.amount(lambda cell: _both(cell) and getattr(cell, side) == verdict and cell.conhecida in labels)

        return {
            "fraudes_aprovadas": where(Verdict.APPROVE, Label.FRAUD),
            "fraudes_em_revisao": where(Verdict.REVIEW, Label.FRAUD),
            "fraudes_negadas": where(Verdict.REFUSE, Label.FRAUD),
            "honestas_negadas": where(Verdict.REFUSE, Label.HONEST),
            "em_revisao": where(Verdict.REVIEW, *Label),
        }

    def cost(self, side: str) -> Decimal | None:
        """Money lost by frauds that were approved and honest payments that were refused; None where no label is known.

        A review's cost is work, not money: it is reported as a number of payments.
        """
        if not self.known()[Label.FRAUD].quantas:
            return None
        found = self.side(side)
        return found["fraudes_aprovadas"].valor + found["honestas_negadas"].valor

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        sides = {side: self.side(side) for side in ("viva", "candidata")}
        return {
            "comparadas": _json(self.compared),
            "diferentes": _json(self.differing),
            "concordancia": self.agreement,
            "mais_rigida": _json(self.moved(stricter=True)),
            "mais_branda": _json(self.moved(stricter=False)),
            "defeitos": self.defects,
            "tabela": [
                {"viva": viva, "candidata": candidate, **_json(amount)}
                for (viva, candidate), amount in self.table().items()
            ],
            "conhecidas": {label: _json(amount) for label, amount in self.known().items()},
            "lados": {
                side: {name: _json(amount) for name, amount in found.items()} | {"custo": _text(self.cost(side))}
                for side, found in sides.items()
            },
        }


def _is_pair(pair: tuple[str, str], cell: Cell) -> bool:
    return (cell.viva, cell.candidata) == pair


def _is_known(label: Label, cell: Cell) -> bool:
    return _both(cell) and cell.conhecida == label


def _both(cell: Cell) -> bool:
    return NOT_DECIDED not in {cell.viva, cell.candidata}


def _strict(verdict: str) -> int:
    return _STRICTNESS[Verdict(verdict)]


def _json(amount: Amount) -> dict[str, Any]:
    return {"quantas": amount.quantas, "valor": _text(amount.valor)}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"

"""What a payment's decision was made from, and what a worker sends of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from acude.risk.decision import Decision, Opinion, Reason, decide
from acude.risk.lists import ON_THE_LIST
from acude.risk.model import Model
from acude.risk.payment import Payment
from acude.risk.policy import Policy
from acude.risk.rules import Rules
from acude.risk.velocity import Past


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """A payment and everything that was known about it when it was decided.

    Attributes:
        past: the payment and what came before it.
        on_the_list: whether the external list has its document.
        degraded: codes of what could not be asked.
    """

    past: Past
    on_the_list: bool
    degraded: tuple[str, ...]

    def asks(self, rules: Rules) -> Model | None:
        """The model to ask: where the policy gives it a weight and the history is complete."""
        return rules.model if rules.policy.modelo and self.past.complete else None

    def decide(self, rules: Rules, opinion: Opinion | None = None) -> Decision:
        """What these rules say.

        Args:
            rules: policy and model.
            opinion: the model's, where it was asked before.
        """
        if opinion is None and (model := self.asks(rules)):
            opinion = model.opinion(self.past)
        return decide(self.past, rules.policy, opinion, self.listed(rules.policy), self.degraded)

    def listed(self, policy: Policy) -> list[Reason]:
        """What the external list says, as a reason."""
        return [Reason(ON_THE_LIST, policy.lista_externa)] if self.on_the_list else []


class Said(msgspec.Struct, frozen=True):
    """What a record of `decisoes_risco` is counted by: decision, codes of the reasons, causes of a degraded one."""

    decisao: str
    motivos: Sequence[str]
    causas: Sequence[str]


@dataclass(frozen=True)
class DecisionResult:
    """What a worker sends for one payment.

    Attributes:
        payment: what was asked.
        record: the record of `decisoes_risco`.
        alert: the record of `alertas`; None for an approved payment.
        decision: what was decided; None where a stored record is sent again.
        seconds: from the broker's timestamp of the payment to the decision, or to its being sent again.
        context: what the decision was made from.
        trace: the payment's trace id.
    """

    payment: Payment
    record: bytes
    alert: bytes | None
    decision: Decision | None = None
    seconds: float = 0
    context: DecisionContext | None = None
    trace: str = ""

    def said(self) -> Said:
        """What readers of the record are told."""
        if found := self.decision:
            return Said(found.verdict, [reason.code for reason in found.reasons], found.degraded)
        return msgspec.json.decode(self.record, type=Said)

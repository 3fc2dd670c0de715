"""All that a decision is made from, so that other rules can decide the same payment."""

from dataclasses import dataclass
from typing import Final

from acude.risk.decision import Decision, Reason, decide
from acude.risk.rules import Rules
from acude.risk.velocity import Past

ON_THE_LIST: Final = "DOCUMENTO_NA_LISTA_EXTERNA"
"""Reason code."""


@dataclass(frozen=True, slots=True)
class Case:
    """A payment with everything that was known of it.

    Attributes:
        past: the payment and what came before it.
        on_the_list: whether the external list has its document.
        degraded: codes of what could not be asked.
    """

    past: Past
    on_the_list: bool
    degraded: tuple[str, ...]

    def decide(self, rules: Rules) -> Decision:
        """What these rules say; the model is asked where the policy gives it a weight and the memory answered."""
        policy = rules.policy
        asked = rules.model if policy.modelo and self.past.complete else None
        listed = [Reason(ON_THE_LIST, policy.lista_externa)] if self.on_the_list else []
        return decide(self.past, policy, asked.opinion(self.past) if asked else None, listed, self.degraded)

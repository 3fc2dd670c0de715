"""The decision on one payment: signals and the model's score in one number, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from acude.risk.policy import Policy
from acude.risk.velocity import Past

NO_MODEL: Final = "nenhum"

DEFECT: Final = "defeito"
"""Cause of a degraded decision: a rule or the model failed."""


class Verdict(StrEnum):
    """What is answered."""

    APPROVE = "aprovar"
    REVIEW = "revisar"
    REFUSE = "negar"


class Reason(NamedTuple):
    """A reason code and its weight, 0 to 1."""

    code: str
    weight: float


class Opinion(NamedTuple):
    """What a model says: version, probability of fraud, and which inputs made it."""

    version: str
    probability: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The answer.

    Attributes:
        verdict: approve, review or refuse.
        score: 0 to 1.
        reasons: the heaviest first.
        rules_version: of the policy.
        model_version: of the model, `nenhum` where none was asked.
        degraded: codes of what could not be asked; empty where everything could.
    """

    verdict: Verdict
    score: float
    reasons: tuple[Reason, ...]
    rules_version: str
    model_version: str
    degraded: tuple[str, ...] = ()


def decide(
    past: Past,
    policy: Policy,
    opinion: Opinion | None = None,
    listed: Sequence[Reason] = (),
    degraded: Sequence[str] = (),
) -> Decision:
    """Decides one payment.

    Each reason is taken as a chance of fraud of its own: the score is the chance that not all of them are wrong,
    1 - (1 - w1)(1 - w2)…, so that it grows with each reason and never passes 1.

    Args:
        past: the payment and what came before it.
        policy: weights and cut-offs.
        opinion: the model's, weighted by the policy.
        listed: what lists and external checks said; a weight of 1 refuses. A negative weight (the allow list's) takes
            that share from what the rules and the model say, but nothing from what is listed.
        degraded: codes of what could not be asked.
    """
    reasons = [
        Reason(signal.code, weight) for signal, weight, thresholds in policy.rules if signal.fires(past, thresholds)
    ]
    chances = [reason.weight for reason in reasons]
    if opinion and policy.modelo:
        chances.append(opinion.probability * policy.modelo)
        # They explain the model's share; it is counted once.
        reasons += [Reason(code, share * policy.modelo) for code, share in opinion.reasons]
    listed = [*listed, *_on_lists(past, policy)]
    reasons += listed
    accused = [reason.weight for reason in listed if reason.weight > 0]
    cleared = -min((reason.weight for reason in listed if reason.weight < 0), default=0.0)
    score = _joined([*chances, *accused])
    cleared_score = _joined([_joined(chances) * (1 - cleared), *accused]) if cleared else score
    return Decision(
        verdict=_verdict(cleared_score, policy),
        # What the allow list clears is not hidden.
        score=score,
        reasons=tuple(sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.code))),
        rules_version=policy.versao,
        model_version=opinion.version if opinion else NO_MODEL,
        degraded=tuple(degraded),
    )


def undecided(past: Past, policy: Policy, listed: Sequence[Reason], degraded: Sequence[str]) -> Decision:
    """What is answered where deciding itself failed: a person has to look, unless a list refuses."""
    reasons = tuple(reason for reason in [*listed, *_on_lists(past, policy)] if reason.weight > 0)
    score = max(policy.cortes.revisar, _joined([reason.weight for reason in reasons]))
    return Decision(_verdict(score, policy), score, reasons, policy.versao, NO_MODEL, tuple(degraded))


MODEL_PREFIX: Final = "MODELO_"
"""Reason codes of the model's inputs begin with it."""


def _on_lists(past: Past, policy: Policy) -> list[Reason]:
    return [Reason(signal.code, weight) for signal, weight in policy.lists if signal.fires(past, {})]


def _joined(chances: Sequence[float]) -> float:
    none = 1.0
    for chance in chances:
        none *= 1.0 - chance
    # What binary fractions add behind the ninth digit must not decide at a cut-off.
    return round(1.0 - none, 9)


def _verdict(score: float, policy: Policy) -> Verdict:
    if score >= policy.cortes.negar:
        return Verdict.REFUSE
    return Verdict.REVIEW if score >= policy.cortes.revisar else Verdict.APPROVE

"""Trains the model on the lake: learns, audits, compares with what decides, and promotes where that is asked for.

A job that is submitted does not promote: `acude risk promote s3://...` takes the address that it prints first.
"""

import json
import logging
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg

from acude.errors import AcudeError
from acude.payments import candidates
from acude.payments.version_audit import note
from acude.payments.versions import Versions
from acude.publishing.publish import session
from acude.publishing.staging import path_name
from acude.publishing.submit import Takes, day_and_run, submit
from acude.risk.model import CARD, Card, Model
from acude.risk.rules import json_bytes
from acude.risk_history.model_training import AP, AUC, LIVE
from acude.risk_history.replay import replayed
from acude.risk_history.training_set import train
from acude.settings import settings

log = logging.getLogger(__name__)

LEAST_AUC: Final = 0.7
LEAST_LIFT: Final = 3.0
"""So many times must the average precision be that of a guess."""
WORSE: Final = 0.02
"""So much may a figure be below that of the model in force on the same payments: less is chance."""

AUDIT: Final = "auditoria.json"
COMPARISON: Final = "comparacao.json"


class ModelRefusedError(AcudeError):
    """A model that must not decide; says which figures are too low."""


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes:
        run_id: names the candidate.
        first: UTC day of the payments.
        last: this day included.
        known_at: what came later is not looked at, UTC.
    """

    run_id: str
    first: date
    last: date
    known_at: datetime

    @property
    def name(self) -> str:
        """Of the candidate's folder."""
        return path_name(self.run_id)

    @property
    def address(self) -> str:
        """Of the candidate."""
        return candidates.address(settings(), self.name)


def learn(training: Training, seed: int = 0) -> dict[str, Any]:
    """Learns from the days; keeps the model's files on S3.

    Returns:
        `candidata`: their address; `versao`; `metricas`: the card's figures.

    Raises:
        LearningError: too few payments or frauds.
    """
    live = Versions(settings()).live_model()
    with session() as spark:
        files = train(spark, training.first, training.last, training.known_at, seed=seed, live=live)
    where, card = candidates.keep(settings(), training.name, files), json.loads(files[CARD])
    return {"candidata": where, "versao": card["version"], "metricas": card["metrics"]}


def audit(training: Training) -> dict[str, Any]:
    """Loads the model as the workers will, and looks at its figures on payments that it had not seen.

    Returns:
        `versao`, and `regras`: each rule with what was expected and found. `auditoria.json` beside the model has it.

    Raises:
        ModelError: a file was changed, or the model wants other inputs.
        ModelRefusedError: a figure is too low.
    """
    with candidates.local(settings(), training.address) as folder:
        card = Model.load(folder).card
    rules = rules_of(card)
    found = {"versao": card.version, "regras": rules}
    candidates.keep(settings(), training.name, {AUDIT: json_bytes(found)})
    if broken := [one for one in rules if one["encontrado"] < one["minimo"]]:
        named = "; ".join("{regra}: expected at least {minimo}, found {encontrado}".format(**one) for one in broken)
        raise ModelRefusedError(
            f"Model {card.version} must not decide: {named}.",
            f"Its card is {training.address}/cartao.md. Take more days, or send what came to light of them.",
        )
    return found


def rules_of(card: Card) -> list[dict[str, Any]]:
    """What the audit asks of a card: rule, least value, found value."""
    metrics = card.metrics
    least = {AUC: LEAST_AUC, AP: round(LEAST_LIFT * metrics["parte_de_fraudes_avaliada"], 4)}
    rules = [{"regra": name, "minimo": one, "encontrado": metrics[name]} for name, one in least.items()]
    return rules + [
        {"regra": name + LIVE, "minimo": round(metrics[name + LIVE] - WORSE, 4), "encontrado": metrics[name]}
        for name in least
        if name + LIVE in metrics
    ]


def compare(training: Training) -> dict[str, Any]:
    """Decides the payments of the days after those that were learnt from again, beside what was decided.

    Where there are no such days, those of the last day that was learnt from are taken, which flatters.

    Returns:
        Versions, days and the figures of `acude risk replay --json`. `comparacao.json` beside the model has it.
    """
    last = max(training.known_at.date(), training.last)
    first = min(training.last + timedelta(days=1), last)
    with (
        candidates.local(settings(), training.address) as path,
        Versions(settings()).candidate(path) as (folder, rules),
        session() as spark,
    ):
        counted = replayed(spark, rules, folder, first, last)
    heading = {"de": str(first), "ate": str(last), "versao_regras": rules.policy.versao}
    found = heading | {"versao_modelo": rules.model_version, "peso_do_modelo": rules.policy.modelo} | counted.as_json()
    candidates.keep(settings(), training.name, {COMPARISON: json_bytes(found)})
    return found


def promote(training: Training, who: str, why: str) -> dict[str, str]:
    """Makes the model decide, with the policy in force.

    Raises:
        VersionError: it can't be used, or decides already.
    """
    with candidates.local(settings(), training.address) as folder:
        change = Versions(settings()).promote(folder, who=who, why=why)
    try:
        note(settings(), change, who)
    except psycopg.Error as problem:
        log.warning("promoted, but not in the audit log: %s; workers audit what they load", type(problem).__name__)
    return {"sha256": change.sha256, "versao_regras": change.versao_regras, "versao_modelo": change.versao_modelo}


def _arguments(parser: ArgumentParser) -> None:
    day_and_run(parser)
    parser.add_argument("--days", type=_days, default=28, metavar="N", help="learns from N days (28), --day the last")
    late = "UTC, as 2026-11-28T05:00; what came later is not looked at. Now, unless given"
    parser.add_argument("--known-at", type=_moment, metavar="TIME", help=late)


def _days(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"expected a number of days, found {text!r}")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"expected a time as YYYY-MM-DDTHH:MM, found {text!r}") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _training(options: Namespace) -> tuple[Training]:
    first = options.day - timedelta(days=options.days - 1)
    return (Training(options.run_id, first, options.day, options.known_at or datetime.now(UTC)),)


if __name__ == "__main__":
    submit("train_model", __doc__, learn, audit, compare, takes=Takes(_arguments, _training))

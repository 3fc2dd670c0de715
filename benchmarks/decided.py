"""Signals and model together: what the whole decision finds, on the handbook's payments.

Usage: python -m benchmarks.decided

The protocol is that of `benchmarks.model`, over the same four weeks. Each payment is decided by the product's policy
from the past that the live store would have shown: by the signals alone, and with the model that has learnt from the
week two weeks before. The process knows nothing of devices, places and accounts, so most signals can't fire.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from acude.risk.decision import Decision, Opinion, Verdict, decide
from acude.risk.payment import Payment
from acude.risk.policy import DEFAULT, Policy, read
from acude.risk_history import boosted_trees
from acude.settings import PROJECT
from benchmarks import handbook
from benchmarks.handbook import Transactions
from benchmarks.model import FIRST, HISTORY, WARNING, WEEK, WEEKS, Floats, Scores, scores, split

ENTITIES: Final = ("pagador", "terminal", "cartao", "recebedor")
"""Those that the process has."""

SIGNALS, BOTH, MODEL = "signals alone", "signals and model", "model alone"


def of_week(
    book: boosted_trees.Replay, payments: list[Payment], chances: Floats, policy: Policy
) -> Iterator[tuple[Decision, Decision]]:
    """Each payment's decision without and with the model."""
    for payment, chance in zip(payments, chances.tolist(), strict=True):
        past = book.past(payment)
        yield decide(past, policy), decide(past, policy, Opinion("", chance))


def verdicts(rows: Transactions, decided: list[Decision]) -> dict[str, dict[str, int]]:
    """Honest payments and frauds by what was decided."""
    counted = Counter(zip((one.verdict for one in decided), rows.fraud.tolist(), strict=True))
    return {str(one): {"honest": counted[one, False], "frauds": counted[one, True]} for one in Verdict}


def main() -> None:
    """Prints the figures and writes var/bench/decided.json."""
    published = handbook.generate()
    begin = (FIRST - published.start).days
    near = (published.day >= begin - HISTORY) & (published.day < begin + (WEEKS + 2) * WEEK)
    rows = published.take(near)
    payments = list(handbook.payments(rows))
    matrix = boosted_trees.replay(payments, rows.fraud, handbook.midnight(FIRST))
    own, policy = rows.take(slice(len(rows) - len(matrix), None)), read(DEFAULT)
    book = boosted_trees.Replay(payments, rows.fraud, ENTITIES)
    asked = payments[len(payments) - len(matrix) :]
    figures: dict[str, list[Scores]] = {SIGNALS: [], MODEL: [], BOTH: []}
    sides: dict[str, list[Any]] = {SIGNALS: [], BOTH: []}
    for number in range(WEEKS):
        learn, test = split(own, begin + number * WEEK)
        tested, trees = own.take(test), boosted_trees.fit(matrix[learn], own.fraud[learn])
        chances = trees.predict_proba(matrix[test])[:, 1]
        pairs = list(of_week(book, [asked[place] for place in test.tolist()], chances, policy))
        figures[MODEL].append(scores(tested, chances))
        for name, decided in zip((SIGNALS, BOTH), map(list, zip(*pairs, strict=True)), strict=True):
            figures[name].append(scores(tested, np.array([one.score for one in decided])))
            sides[name].append(verdicts(tested, decided))
    result = {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "policy": policy.versao,
        "weight": policy.modelo,
        "four_weeks": {name: Scores(*np.mean(each, axis=0).tolist())._asdict() for name, each in figures.items()},
        "verdicts": {
            name: {
                one: {kind: sum(week[one][kind] for week in weeks) for kind in ("honest", "frauds")}
                for one in map(str, Verdict)
            }
            for name, weeks in sides.items()
        },
    }
    target = PROJECT / "var" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    (target / "decided.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))
    print(WARNING)


if __name__ == "__main__":
    main()

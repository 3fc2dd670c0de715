"""Every cause of a degraded decision is a series from the start."""

from datetime import timedelta

from acude.payments.decision_engine import DecisionEngine
from acude.payments.metrics import Metrics


def test_all_causes_are_counted_from_zero_before_the_first_payment() -> None:
    metrics = Metrics()
    DecisionEngine(None, None, None, None, timedelta(seconds=2), metrics=metrics)  # type: ignore[arg-type]
    found = {
        sample.labels["causa"]: sample.value
        for family in metrics.degraded.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert found == dict.fromkeys(("prazo", "memoria", "unicidade", "lista_externa", "listas", "defeito"), 0.0)

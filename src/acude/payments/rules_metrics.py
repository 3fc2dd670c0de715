"""Metrics of the rules in force, of the candidate and of drift."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from acude.payments.rules_reload import ReloadingRules
from acude.risk.drift import RecentCounts
from acude.risk.rules import Rules

_LIVE: Final = "viva"
_SHADOW: Final = "sombra"


class RulesMetrics:
    """Gauges and counters of the versions and the shadow.

    Args:
        registry: where they are shown.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._versions = Gauge(
            "risco_versao", "1: these rules decide, or are compared", ["papel", "regras", "modelo"], registry=registry
        )
        self._refused = Gauge("risco_versao_recusada", "Changes that this worker can't load", registry=registry)
        self.compared = Counter(
            "risco_sombra_comparadas",
            "Payments that the candidate decided too",
            ["decisao", "decisao_sombra"],
            registry=registry,
        )
        self.failed = Counter("risco_sombra_falhas", "Payments on which the candidate failed", registry=registry)
        self.skipped = Counter(
            "risco_sombra_omitidas", "Payments left out: the candidate is slow, or the worker behind", registry=registry
        )
        self.unsent = Counter(
            "risco_sombra_nao_registradas", "Comparisons that the broker did not take", registry=registry
        )

    def show(self, current: ReloadingRules) -> None:
        """Shows the versions in force."""
        self._versions.clear()
        self._show(_LIVE, current())
        if current.shadow:
            self._show(_SHADOW, current.shadow)
        self._refused.set(len(current.refused))

    def _show(self, role: str, rules: Rules) -> None:
        self._versions.labels(role, rules.policy.versao, rules.model_version).set(1)


class DriftCollector(Collector):
    """Computes the drift when Prometheus scrapes it.

    Args:
        window: gives the current window; None while there is no reference.
        clock: monotonic seconds, the window's.
    """

    def __init__(self, window: Callable[[], RecentCounts | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Index and number of payments by input; an input with too few payments has none."""
        psi = GaugeMetricFamily("risco_psi", "Population stability index since an hour", labels=["entrada"])
        counted = GaugeMetricFamily("risco_psi_pagamentos", "Payments that it was computed from", labels=["entrada"])
        if window := self._window():
            for name, (total, index) in window.indices(self._clock()).items():
                psi.add_metric([name], index)
                counted.add_metric([name], total)
        return [psi, counted]

"""A worker's metrics."""

from itertools import product
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from acude.contracts.model import table
from acude.kafka.health import BUCKETS, Health
from acude.payments.audit_buffer import AuditBuffer
from acude.payments.list_cache import ListCache
from acude.payments.routes import ways_of_paying
from acude.risk.decision import Verdict

RECALL: Final = "memoria"
LOOK_UP: Final = "lista"
DECIDE: Final = "decisao"
COMMIT: Final = "gravacao"
"""Stages of a batch."""

REMEMBERED: Final = "cache"
ASKED: Final = "consulta"
UNANSWERED: Final = "sem_resposta"
"""Where the external list's answer on a document came from."""


class Metrics(Health):
    """A worker's counters, histograms and heartbeat."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions = Counter("risco_decisoes", "Decisions", ["decisao", "tipo_pagamento"], registry=self.registry)
        # From the start: Prometheus sees neither increase nor rate where a series begins with its first event.
        for verdict, way in product(Verdict, ways_of_paying()):
            self.decisions.labels(verdict, way)
        self.reasons = Counter("risco_motivos", "Reasons given", ["motivo"], registry=self.registry)
        self.degraded = Counter("risco_degradadas", "Degraded decisions by cause", ["causa"], registry=self.registry)
        self.refused = Counter("risco_recusadas", "Records that are no payment", ["motivo"], registry=self.registry)
        for reason in table("silver.quarentena").column("motivo").values:
            self.refused.labels(reason)
        self.repeated = Counter("risco_repetidas", "Payments that came again", registry=self.registry)
        self.lost = Counter("risco_sem_decisao", "Payments sent to the dead letters", registry=self.registry)
        self.listings = Counter(
            "risco_lista", "Documents by where the external list's answer came from", ["fonte"], registry=self.registry
        )
        self.latency = Histogram(
            "risco_latencia_segundos",
            "From the broker's timestamp of a payment to its decision",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.batch = Histogram(
            "risco_lote_segundos", "A batch, from reading to commit", buckets=BUCKETS, registry=self.registry
        )
        self.stage = Histogram(
            "risco_etapa_segundos", "A batch's stages", ["etapa"], buckets=BUCKETS, registry=self.registry
        )
        self.lists_age = Gauge(
            "risco_listas_idade_segundos", "Since block and allow list were last read", registry=self.registry
        )
        self.unaudited = Gauge("risco_trilha_espera", "Events that wait for the audit log", registry=self.registry)
        self._lists: ListCache | None = None
        self.notice = ""
        """What `/pronta` reports although the worker is ready."""

    def remark(self) -> str:
        """The notice, and the age of the lists. Stale lists do not make a worker unready."""
        age = "" if self._lists is None else f"listas: {self._lists.age_s:.1f} s"
        return "\n".join(filter(None, (self.notice, age)))

    def watch_lists(self, lists: ListCache, buffer: AuditBuffer) -> None:
        """Shows from now on the age of the lists, and how many events wait for the audit log."""
        self._lists = lists
        self.lists_age.set_function(lambda: lists.age_s)
        self.unaudited.set_function(lambda: buffer.waiting)

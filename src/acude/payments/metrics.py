"""What a worker counts, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Histogram

from acude.payments.vitals import BUCKETS, Vitals

RECALL: Final = "memoria"
LOOK_UP: Final = "lista"
JUDGE: Final = "julgamento"
COMMIT: Final = "gravacao"
"""Stages of a batch."""

REMEMBERED: Final = "memoria"
ASKED: Final = "consulta"
UNANSWERED: Final = "sem_resposta"
"""Where the external list's word on a document came from."""


class Metrics(Vitals):
    """A worker's counters and its heartbeat."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions = Counter("risco_decisoes", "Decisions", ["decisao", "tipo_pagamento"], registry=self.registry)
        self.reasons = Counter("risco_motivos", "Reasons given", ["motivo"], registry=self.registry)
        self.degraded = Counter("risco_degradadas", "Degraded decisions by cause", ["causa"], registry=self.registry)
        self.refused = Counter("risco_recusadas", "Records that are no payment", ["motivo"], registry=self.registry)
        self.repeated = Counter("risco_repetidas", "Payments that came again", registry=self.registry)
        self.lost = Counter("risco_sem_decisao", "Payments sent to the dead letters", registry=self.registry)
        self.listings = Counter(
            "risco_lista", "Documents by where the external list's word came from", ["fonte"], registry=self.registry
        )
        self.latency = Histogram(
            "risco_latencia_segundos",
            "From the broker's taking a payment to its decision",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.batch = Histogram(
            "risco_lote_segundos", "A batch, from reading to commit", buckets=BUCKETS, registry=self.registry
        )
        self.stage = Histogram(
            "risco_etapa_segundos", "A batch's stages", ["etapa"], buckets=BUCKETS, registry=self.registry
        )

"""What a worker counts, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from acude.payments.current_lists import CurrentLists
from acude.payments.notes import Notes
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
        self.lists_age = Gauge(
            "risco_listas_idade_segundos", "Since block and allow list were last read", registry=self.registry
        )
        self.unnoted = Gauge("risco_trilha_espera", "Events that wait for the trail", registry=self.registry)
        self._lists: CurrentLists | None = None
        self.notice = ""
        """What somebody should know though the worker is ready; `/pronta` says it."""

    def remark(self) -> str:
        """The notice, and how old what the worker decides with is; an old list is no reason to decide nothing."""
        age = "" if self._lists is None else f"listas: {self._lists.age_s:.1f} s"
        return "\n".join(filter(None, (self.notice, age)))

    def watch_lists(self, lists: CurrentLists, notes: Notes) -> None:
        """Shows from now on how old the lists are, and what waits for the trail."""
        self._lists = lists
        self.lists_age.set_function(lambda: lists.age_s)
        self.unnoted.set_function(lambda: notes.waiting)

"""The candidate beside the live rules: compared with the same inputs, and harmless whatever it does."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from acude.contracts.decoder import Decoder
from acude.contracts.model import table
from acude.payments.decision_result import DecisionContext, DecisionResult
from acude.payments.metrics import Metrics
from acude.payments.rules_metrics import RulesMetrics
from acude.payments.rules_reload import ReloadingRules
from acude.payments.shadow import Shadow, comparison_payload
from acude.payments.versions import Versions
from acude.risk import drift
from acude.risk.decision import Opinion
from acude.risk.drift import Bins, Reference
from acude.risk.policy import Policy
from acude.risk.rules import Rules
from acude.risk.velocity import Past
from acude.settings import Settings
from tests.buckets import MemoryBucket
from tests.unit.risk.pasts import NOON, past_of

LIVE = {"versao": "viva", "cortes": {"revisar": 0.5, "negar": 0.9}, "modelo": 0.5}
HIGH = {"valor_alto": {"peso": 0.6, "valor_brl": 5000}}


def rules(name: str, model: object = None, **changes: object) -> Rules:
    return Rules(Policy.model_validate(LIVE | {"versao": name, "sinais": HIGH} | changes), model, sha256="0" * 64)  # type: ignore[arg-type]


class Model:
    """A model that does what a test wants."""

    def __init__(self, does: Callable[[], float]) -> None:
        self._does = does

    def opinion(self, past: Past) -> Opinion:
        del past
        return Opinion("m", self._does())


def outcomes(*amounts: int) -> Sequence[DecisionResult]:
    live, found = rules("viva"), []
    for number, amount in enumerate(amounts):
        case = DecisionContext(past_of(valor=amount, id_transacao=f"t{number}"), on_the_list=False, degraded=())
        found.append(DecisionResult(case.past.payment, b"", None, case.decide(live), 0.0, case))
    return found


class Beside:
    """A shadow, and what it counts."""

    def __init__(self, config: Settings) -> None:
        self.current = ReloadingRules(config)
        self.metrics = Metrics()
        self.registry: CollectorRegistry = self.metrics.registry
        self.shadow = Shadow(config, self.current, self.metrics, RulesMetrics(self.registry))

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def until(self, name: str, least: float, **labels: str) -> None:
        """Waits for a counter: the shadow works in a thread of its own."""
        for _ in range(600):
            if self.counted(name, **labels) >= least:
                return
            threading.Event().wait(0.05)
        pytest.fail(f"{name} {labels} is {self.counted(name, **labels)}, not {least}")


@pytest.fixture
def config(tmp_path: Path, bucket: MemoryBucket) -> Settings:  # noqa: ARG001 - the versions lie in it
    # Nothing listens there: a broker that does not answer is nobody's trouble either.
    return Settings(_env_file=None, var=tmp_path, kafka_bootstrap="127.0.0.1:1")  # type: ignore[call-arg]


@pytest.fixture
def beside(config: Settings) -> Iterator[Beside]:
    found = Beside(config)
    found.shadow.start()
    yield found
    found.shadow.close()


def test_each_payment_is_counted_by_what_was_decided_and_what_the_candidate_says(beside: Beside) -> None:
    beside.current.shadow = rules("sombra", cortes={"revisar": 0.3, "negar": 0.6})
    beside.shadow.offer(outcomes(100, 6_000, 7_000), behind=False)
    beside.until("risco_sombra_comparadas_total", 2, decisao="revisar", decisao_sombra="negar")
    assert beside.counted("risco_sombra_comparadas_total", decisao="aprovar", decisao_sombra="aprovar") == 1


def test_a_candidate_that_fails_is_counted_and_the_next_one_works(beside: Beside) -> None:
    def fails() -> float:
        raise ZeroDivisionError

    beside.current.shadow = rules("sombra", Model(fails))
    beside.shadow.offer(outcomes(100, 200), behind=False)
    beside.until("risco_sombra_falhas_total", 2)
    beside.current.shadow = rules("outra")
    beside.shadow.offer(outcomes(100), behind=False)
    beside.until("risco_sombra_comparadas_total", 1, decisao="aprovar", decisao_sombra="aprovar")


def test_nobody_waits_for_a_candidate_that_hangs(beside: Beside) -> None:
    hangs, entered = threading.Event(), threading.Event()

    def waits() -> float:
        entered.set()
        hangs.wait()
        return 0.0

    beside.current.shadow = rules("sombra", Model(waits))
    beside.shadow.offer(outcomes(100), behind=False)
    assert entered.wait(30)
    # Were one of these to wait, the test would never end.
    for _ in range(40):
        beside.shadow.offer(outcomes(100, 200), behind=False)
    assert beside.counted("risco_sombra_omitidas_total") == 2 * (40 - 16)
    hangs.set()


def test_a_worker_that_is_behind_has_all_of_its_time_for_itself(beside: Beside) -> None:
    beside.current.shadow = rules("sombra")
    beside.shadow.offer(outcomes(100, 200), behind=True)
    assert beside.counted("risco_sombra_omitidas_total") == 2


def test_without_a_candidate_or_a_reference_nothing_is_kept(beside: Beside) -> None:
    beside.shadow.offer(outcomes(100), behind=True)
    assert beside.counted("risco_sombra_omitidas_total") == 0


def test_a_decision_that_goes_out_again_is_not_compared_again(beside: Beside) -> None:
    beside.current.shadow = rules("sombra")
    (one,) = outcomes(100)
    beside.shadow.offer([DecisionResult(one.payment, b"", None)], behind=True)
    assert beside.counted("risco_sombra_omitidas_total") == 0


def test_a_comparison_keeps_its_contract() -> None:
    (one,) = outcomes(6_000)
    assert one.decision is not None
    assert one.context is not None
    shadow = rules("sombra", cortes={"revisar": 0.3, "negar": 0.6})
    payload = comparison_payload(one, one.decision, one.context.decide(shadow), shadow)
    fields: dict[str, Any] = Decoder(table("topics.comparacoes_sombra")).one(payload, datetime.now(UTC))
    assert (fields["decisao"], fields["decisao_sombra"]) == ("revisar", "negar")
    assert (fields["versao_regras"], fields["versao_regras_sombra"]) == ("viva", "sombra")
    assert fields["motivos_sombra"] == ["VALOR_ALTO"]
    assert not {"id_pagador", "documento_pagador"} & orjson.loads(payload).keys(), "nobody is named"


def test_the_candidate_sees_what_was_seen_live_to_the_bit() -> None:
    (one,) = outcomes(6_000)
    assert one.context is not None
    assert one.context.decide(rules("viva")) == one.decision


def test_drift_is_shown_of_one_payment_in_four(beside: Beside, config: Settings) -> None:
    valor = Bins((50.0,), (1.0, 0.0, 0.0))
    reference = Reference(desde=NOON, ate=NOON, pagamentos=1, entradas={"valor": valor})
    Versions(config).pin(reference)
    beside.current.reload()
    batch, offered = outcomes(*[100] * 20), 0
    while not beside.counted("risco_psi_pagamentos", entrada="valor"):
        beside.shadow.offer(batch, behind=False)
        offered += len(batch)
        threading.Event().wait(0.02)
    taken = offered - beside.counted("risco_sombra_omitidas_total")
    assert 200 <= beside.counted("risco_psi_pagamentos", entrada="valor") <= taken / 4
    assert beside.counted("risco_psi", entrada="valor") == pytest.approx(drift.psi((1.0, 0.0), (0.0, 1.0)))


def test_the_worker_says_which_rules_decide_and_which_are_compared(beside: Beside) -> None:
    beside.current.shadow = rules("sombra")
    shown = RulesMetrics(registry := CollectorRegistry())
    shown.show(beside.current)
    for role, name in (("viva", beside.current().policy.versao), ("sombra", "sombra")):
        assert registry.get_sample_value("risco_versao", {"papel": role, "regras": name, "modelo": "nenhum"}) == 1
    assert registry.get_sample_value("risco_versao_recusada") == 0
    beside.current.refused = ("x",)
    shown.show(beside.current)
    assert registry.get_sample_value("risco_versao_recusada") == 1

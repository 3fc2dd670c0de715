"""Past payments in the lake: a model learns from them, a reference is made of them, a candidate decides them again."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from acude.cli import app
from acude.contracts.model import table
from acude.lake.commit import BatchWriter, replace_partitions
from acude.lake.ensure_table import ensure_table
from acude.local.platform import Platform
from acude.payments.version_log import VersionError
from acude.payments.version_objects import FOLDER
from acude.payments.versions import Versions
from acude.publishing.publish import session
from acude.risk import inputs
from acude.risk.comparison import Amount
from acude.risk.drift import SCORE, SIGNAL_PREFIX
from acude.risk.model import CARD, GRAPH, Model
from acude.risk.payment import Payment
from acude.risk.policy import DEFAULT
from acude.risk.rules import REFERENCE
from acude.risk_history.boosted_trees import replay
from acude.risk_history.comparisons import shadow_comparison
from acude.risk_history.known_pasts import read_silver
from acude.risk_history.payments import DECISIONS, DISPUTES, PAYMENTS
from acude.risk_history.training_set import examples
from acude.settings import settings
from benchmarks import handbook
from benchmarks.handbook import Setting
from jobs.batch import train_model
from jobs.batch.train_model import Training
from tests.buckets import empty
from tests.integration.batch.risk_rows import comparison_row, decision_row, dispute_row, payment_row, write

SETTING = Setting(customers=100, terminals=300, radius=15, days=52)
FIRST = SETTING.start + timedelta(days=38)
LAST = FIRST + timedelta(days=12)
END = SETTING.start + timedelta(days=SETTING.days)
"""After it other tests' payments may lie in the lake."""

_REFUSED = 10


pytestmark = pytest.mark.usefixtures("platform")


class History(dict[str, Payment]):
    """The payments by id, with the ids of the frauds, and of those that were refused."""

    frauds: set[str]
    refused: set[str]

    def of_days(self, first: date, last: date) -> set[str]:
        return {one for one, payment in self.items() if first <= payment.timestamp.date() <= last}


@pytest.fixture(scope="module")
def history(platform: Platform) -> History:
    """Payments with known frauds in silver, a tenth of them refused; frauds among the others are disputed."""
    del platform
    rows = handbook.generate(SETTING)
    found = History({one.id_transacao: one for one in handbook.payments(rows)})
    found.frauds = {one for one, fraud in zip(found, rows.fraud.tolist(), strict=True) if fraud}
    found.refused = set(list(found)[::_REFUSED])
    write(PAYMENTS, [payment_row(one) for one in found.values()])
    write(DECISIONS, [decision_row(one, refused=one.id_transacao in found.refused) for one in found.values()])
    write(DISPUTES, [dispute_row(found[one]) for one in sorted(found.frauds)])
    return found


def risk(*arguments: str) -> Any:  # noqa: ANN401
    answer = CliRunner().invoke(app, ["risk", *arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


DAYS = ("--from", str(FIRST), "--to", str(LAST))


def test_a_model_is_learnt_from_the_lake(history: History, tmp_path: Path) -> None:
    card = risk("train", *DAYS, "--out", str(tmp_path / "modelo"))
    learnt = history.of_days(FIRST, LAST)
    unlabelled = (history.refused & learnt) - history.frauds
    assert card["metrics"]["pagamentos"] == len(learnt) - len(unlabelled)
    assert card["metrics"]["fraudes"] == len(learnt & history.frauds)
    assert card["sha256"] == Model.load(tmp_path / "modelo").card.sha256
    names = {path.name for path in (tmp_path / "modelo").iterdir()}
    assert names == {CARD, GRAPH, REFERENCE, "cartao.md"}


def test_the_same_days_and_moment_give_the_same_files_however_the_lake_has_grown(
    history: History, tmp_path: Path
) -> None:
    known_at = datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC) + timedelta(days=5)
    moment = ("--known-at", f"{known_at:%Y-%m-%dT%H:%M:%S}")
    card = risk("train", *DAYS, *moment, "--out", str(tmp_path / "um"))
    came = history.of_days(FIRST, LAST)
    frauds = {one for one in history.frauds if history[one].timestamp + timedelta(days=7) < known_at}
    assert card["metrics"]["fraudes"] == len(came & frauds) < len(came & history.frauds)
    assert card["metrics"]["pagamentos"] == len(came) - len((came & history.refused) - frauds)
    with later_disputes([history[one] for one in sorted(came)[:50]]):
        risk("train", *DAYS, *moment, "--out", str(tmp_path / "dois"))
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("um", "dois"))
    assert one == other


def test_inputs_are_those_that_were_known_when_the_payment_was_decided(history: History) -> None:
    with session() as spark:
        rows = examples(read_silver(spark, FIRST, END), groups=2).toArrow().to_pylist()
    found = {row["id_transacao"]: row for row in rows}
    book, begin = list(history.values()), datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    matrix = replay(book, [one.id_transacao in history.frauds for one in book], begin)
    asked = [one.id_transacao for one in book if one.timestamp >= begin]
    assert found.keys() == set(asked)
    differing = [
        one
        for one, values in zip(asked, matrix, strict=True)
        if np.array(found[one]["entradas"], np.float32).tobytes() != values.tobytes()
    ]
    assert differing == []
    assert {one for one, row in found.items() if row["fraude"]} == history.frauds & set(asked)
    unlabelled = (history.refused - history.frauds) & set(asked)
    assert {one for one, row in found.items() if not row["rotulada"]} == unlabelled


@pytest.fixture
def live() -> Iterator[Versions]:
    """The versions in force, which are as they were afterwards."""
    found = Versions(settings())
    before = found.live()
    yield found
    while found.live() != before:
        found.rollback(who="teste", why="fim do teste")


def test_a_training_is_audited_compared_and_promoted(
    history: History, live: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_model, "LEAST_AUC", 0.6)
    known_at = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) + timedelta(days=9)
    training = Training(f"manual__{uuid4()}", FIRST, LAST - timedelta(days=1), known_at)
    learnt = train_model.learn(training)
    assert train_model.audit(training)["versao"] == learnt["versao"]
    compared = train_model.compare(training)
    assert (compared["de"], compared["versao_modelo"]) == (str(LAST), learnt["versao"])
    assert compared["comparadas"]["quantas"] == len(history.of_days(LAST, date.max))
    assert compared["peso_do_modelo"] > 0
    promoted = train_model.promote(training, "teste", "a melhor")
    assert promoted["versao_modelo"] == learnt["versao"] == live.load(live.live()).model_version
    again = replace(training, run_id=f"manual__{uuid4()}")
    assert train_model.learn(again)["metricas"]["auc_roc_em_vigor"] > 0.5
    with pytest.raises(VersionError, match="decides already"):
        train_model.promote(training, "teste", "")


def test_days_without_known_frauds_are_refused(history: History, tmp_path: Path) -> None:
    del history
    answer = CliRunner().invoke(
        app, ["risk", "train", "--from", "2017-01-01", "--to", "2017-01-02", "--out", str(tmp_path / "x")]
    )
    assert answer.exit_code == 1
    assert "at least 20 known frauds" in answer.stderr
    assert "contestacoes" in answer.stderr


@pytest.fixture
def pinned() -> Iterator[Versions]:
    yield Versions(settings())
    empty(settings().lake_bucket, FOLDER + REFERENCE)


def test_a_reference_has_inputs_signals_and_scores_of_its_days(history: History, pinned: Versions) -> None:
    found = risk("reference", *DAYS, "--sample", "300")
    assert found["arquivo"] == f"s3://{settings().lake_bucket}/{FOLDER}{REFERENCE}"
    reference = pinned.reference()
    assert reference
    assert reference.pagamentos == 300
    assert set(inputs.NAMES) <= reference.entradas.keys()
    assert reference.entradas[SIGNAL_PREFIX + "valor_alto"].partes[1] == pytest.approx(
        len(history.refused & history.of_days(FIRST, LAST)) / len(history.of_days(FIRST, LAST))
    )
    assert sum(reference.entradas[SCORE].partes) == pytest.approx(1)


def test_a_candidate_decides_the_past_again_and_its_cost_is_told(history: History, tmp_path: Path) -> None:
    fields = yaml.safe_load(DEFAULT.read_text()) | {"versao": f"teste-{uuid4().hex[:8]}"}
    path = tmp_path / "tudo.yaml"
    path.write_text(yaml.safe_dump(fields | {"cortes": {"revisar": 0.0, "negar": 0.0}}))
    found = risk("replay", *DAYS, "--candidate", str(path))
    asked = history.of_days(FIRST, LAST)
    table_of = {(row["viva"], row["candidata"]): (row["quantas"], Decimal(row["valor"])) for row in found["tabela"]}
    refused, taken = asked & history.refused, asked - history.refused
    assert table_of == {
        ("negar", "negar"): (len(refused), worth(history, refused)),
        ("aprovar", "negar"): (len(taken), worth(history, taken)),
    }
    live, candidate = found["lados"]["viva"], found["lados"]["candidata"]
    missed, honest = taken & history.frauds, taken - history.frauds
    assert (live["fraudes_aprovadas"]["quantas"], candidate["fraudes_aprovadas"]["quantas"]) == (len(missed), 0)
    assert Decimal(live["custo"]) == worth(history, missed)
    assert Decimal(candidate["custo"]) == worth(history, honest)
    assert found["versao_regras"] == fields["versao"]
    assert found["defeitos"] == 0


def test_the_shadows_report_counts_one_candidates_pairs() -> None:
    ours, other = uuid4().hex * 2, uuid4().hex * 2
    pairs = [("aprovar", "aprovar", ours), ("aprovar", "negar", ours), ("negar", "negar", other)]
    write("silver.comparacoes_sombra", [comparison_row(FIRST, *pair) for pair in pairs])
    found = shadow_comparison(settings(), ours, FIRST, FIRST)
    assert found.table() == {
        ("aprovar", "aprovar"): Amount(1, Decimal(10)),
        ("aprovar", "negar"): Amount(1, Decimal(10)),
    }
    assert shadow_comparison(settings(), ours, LAST, LAST).agreement is None


@contextmanager
def later_disputes(payments: Sequence[Payment]) -> Iterator[None]:
    """Frauds that came to light two months later."""
    moment = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) + timedelta(days=60)
    write(DISPUTES, [dispute_row(one) | {"timestamp": moment} for one in payments])
    try:
        yield
    finally:
        contract = table(DISPUTES)
        replace_partitions(ensure_table(contract), BatchWriter(), [], [{"data": str(moment.date())}])


def worth(history: History, ids: set[str]) -> Decimal:
    return sum((history[one].valor for one in ids), Decimal())

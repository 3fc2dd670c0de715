"""An audit that is killed while it sets refused rows aside is repeated, or says what became of them."""

from datetime import date
from typing import Any

import pytest

from acude.contracts.model import table
from acude.lake import run_records
from acude.publishing import staging
from acude.publishing.audit import QualityError, audit
from acude.publishing.staging import Staged, StagingError
from jobs.batch.marts import DERIVED
from tests.buckets import MemoryBucket

pytestmark = pytest.mark.xdist_group("great expectations")

DAY, RUN = date(2026, 11, 22), "r"
REFUSED = ["gold.funil_conversao", "gold.receita_mensal"]
PROMISED = {"BRL": {"receita": "1.0000", "quantidade": "1", "linhas": "1"}}


@pytest.fixture(autouse=True)
def refused_days(bucket: MemoryBucket) -> None:
    """Two marts are staged without the rows that their descriptions promise."""
    for name in REFUSED:
        described = Staged(
            table=name,
            day=DAY,
            run_id=RUN,
            rows=1,
            hash="",
            expected=PROMISED if name == "gold.receita_mensal" else None,
            parameters={"dia": str(DAY), "linhas": 1},
        )
        run_records.put(f"{staging.folder(table(name), DAY, RUN)}dados.json", described)
    assert bucket.objects


def audit_staged() -> None:
    audit([staging.staged(name, DAY, RUN) for name in REFUSED], DERIVED)


def killed_at(number: int, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The process ends at that call; the next ones work."""
    real, calls = getattr(bucket, method), []

    def call(**given: Any) -> object:  # noqa: ANN401 - boto3's arguments
        calls.append(given)
        if len(calls) == number:
            raise KeyboardInterrupt
        return real(**given)

    monkeypatch.setattr(bucket, method, call)


@pytest.mark.parametrize("number", [1, 4])
def test_an_audit_that_was_killed_between_copies_audits_again(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    killed_at(number, bucket, monkeypatch, "copy_object")
    with pytest.raises(KeyboardInterrupt):
        audit_staged()
    with pytest.raises(QualityError) as caught:
        audit_staged()
    assert [one.table for one in caught.value.refused] == REFUSED
    assert {key.split("/")[0] for key in bucket.objects} == {"_rejeitados", "_data_docs"}


def test_an_audit_that_was_killed_between_removals_says_that_the_day_was_refused(
    bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at(2, bucket, monkeypatch, "delete_objects")
    with pytest.raises(KeyboardInterrupt):
        audit_staged()
    with pytest.raises(StagingError, match=r"gold\.funil_conversao of 2026-11-22 was refused .* run the day again"):
        audit_staged()


def test_a_day_that_was_never_staged_is_to_be_staged(bucket: MemoryBucket) -> None:
    bucket.objects.clear()
    with pytest.raises(StagingError, match="stage the day first"):
        audit_staged()

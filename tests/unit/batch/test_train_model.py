"""Which models may decide: what the audit of a training asks of its figures; and where a candidate is found."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from acude.payments import candidates
from acude.payments.version_log import VersionError
from acude.risk.model import CARD, GRAPH, Card
from acude.risk.rules import RULES, json_bytes
from acude.settings import settings
from jobs.batch import train_model
from jobs.batch.train_model import AUDIT, ModelRefusedError, Training
from tests.buckets import MemoryBucket
from tests.unit.risk.candidates import noise_model

GOOD = {"auc_roc": 0.9, "precisao_media": 0.4, "parte_de_fraudes_avaliada": 0.01}
LIVE = {"auc_roc_em_vigor": 0.91, "precisao_media_em_vigor": 0.41}
TRAINING = Training("manual__1", date(2026, 11, 1), date(2026, 11, 28), datetime(2026, 12, 7, tzinfo=UTC))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_model(tmp_path_factory.mktemp("modelo"))


def kept(trained: Path, **metrics: float) -> str:
    """A candidate on S3 whose card has these figures."""
    card = msgspec.json.decode((trained / CARD).read_bytes(), type=Card)
    files = {
        CARD: json_bytes(msgspec.structs.replace(card, metrics=metrics)),
        GRAPH: (trained / GRAPH).read_bytes(),
    }
    return candidates.keep(settings(), TRAINING.name, files)


@pytest.mark.parametrize("figures", [GOOD, GOOD | LIVE, GOOD | {"auc_roc": 0.7, "precisao_media": 0.03}])
def test_a_model_that_is_good_and_not_worse_than_the_one_in_force_passes(
    bucket: MemoryBucket, trained: Path, figures: dict[str, float]
) -> None:
    address = kept(trained, **figures)
    found = train_model.audit(TRAINING)
    assert all(one["encontrado"] >= one["minimo"] for one in found["regras"])
    assert f"{address.partition('acude-lake/')[2]}/{AUDIT}" in bucket.objects


@pytest.mark.parametrize(
    ("worse", "says"),
    [
        ({"auc_roc": 0.69}, "auc_roc: expected at least 0.7, found 0.69"),
        ({"precisao_media": 0.029}, "precisao_media: expected at least 0.03, found 0.029"),
        (LIVE | {"auc_roc": 0.88}, "auc_roc_em_vigor: expected at least 0.89, found 0.88"),
        (LIVE | {"precisao_media": 0.38}, "precisao_media_em_vigor: expected at least 0.39, found 0.38"),
    ],
)
def test_a_model_with_too_low_a_figure_is_refused_and_its_audit_kept(
    bucket: MemoryBucket, trained: Path, worse: dict[str, float], says: str
) -> None:
    kept(trained, **(GOOD | worse))
    with pytest.raises(ModelRefusedError, match=says):
        train_model.audit(TRAINING)
    assert any(key.endswith(AUDIT) for key in bucket.objects)


def test_a_candidate_is_found_by_its_path_or_by_its_address(bucket: MemoryBucket, trained: Path) -> None:
    del bucket
    with candidates.local(settings(), kept(trained, **GOOD) + "/") as folder:
        assert {path.name for path in folder.iterdir()} == {CARD, GRAPH}
    with candidates.local(settings(), str(trained)) as path:
        assert path == trained
    with (
        pytest.raises(VersionError, match="expected a candidate's files, found none"),
        candidates.local(settings(), candidates.address(settings(), "outra")),
    ):
        pass


def test_only_a_versions_files_are_fetched(bucket: MemoryBucket) -> None:
    address = candidates.keep(settings(), "x", {RULES: b"versao: x", "outro.pickle": b""})
    assert len(bucket.objects) == 2
    with candidates.local(settings(), address) as folder:
        assert [path.name for path in folder.iterdir()] == [RULES]

"""Rules change under running workers: promoted, gone back from, compared, refused; and frauds come to light."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import yaml
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.local.platform import Platform
from acude.payments.audit_log import cli_user
from acude.payments.shadow import COMPARISONS
from acude.payments.velocity_store import connect_velocity_store
from acude.payments.version_log import decoded
from acude.payments.version_objects import CHANGES
from acude.payments.versions import Versions
from acude.risk.decision import NO_MODEL
from acude.risk.payment import microseconds
from acude.risk.policy import DEFAULT
from acude.risk.rules import RULES
from acude.settings import settings
from acude.simulator.payments import play as played
from tests.integration.payments.conftest import Shop, dispute, some_payments
from tests.servers import away
from tests.unit.risk.candidates import noise_model
from tests.unit.risk.pasts import payment
from tests.waiting import awaited


def risk(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["risk", *arguments])


def done(*arguments: str) -> Any:  # noqa: ANN401
    answer = risk(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


@pytest.fixture
def versions(platform: Platform) -> Iterator[Versions]:
    """The running workers' store, which is as it was afterwards."""
    settings.cache_clear()
    found = Versions(platform.config)
    yield found
    while found.live():
        found.rollback(who="teste", why="fim do teste")
    if found.shadow():
        found.end_shadow(who="teste", why="fim do teste")


def candidate(folder: Path, **changes: object) -> Path:
    """The product's policy under a name of its own, but with these fields."""
    fields = yaml.safe_load(DEFAULT.read_text()) | {"versao": f"teste-{uuid4().hex[:8]}"} | changes
    path = folder / f"{fields['versao']}.yaml"
    path.write_text(yaml.safe_dump(fields, allow_unicode=True))
    return path


def shown(platform: Platform) -> str:
    """The worker's metrics."""
    return httpx.get(f"http://127.0.0.1:{platform.config.risk_metrics_port}/metrics").text


def decided_by(shop: Shop) -> str:
    """Which rules decide a payment that is made now."""
    (sent,) = some_payments(1)
    shop.send([sent])
    return str(shop.decisions([sent])[sent["id_transacao"]][0]["versao_regras"])


def in_the_audit_log(platform: Platform, rules: str) -> list[dict[str, Any]]:
    """What the audit log has of rules, oldest first."""
    asked = "SELECT quem, detalhe FROM auditoria.trilha WHERE tipo = 'politica' AND objeto = %s ORDER BY numero"
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        found = connection.execute(asked, [rules]).fetchall()
    return [{"quem": who, "detalhe": json.loads(detail)} for who, detail in found]


def test_a_promotion_and_its_rollback_reach_the_workers_without_a_restart(
    versions: Versions, shop: Shop, platform: Platform, tmp_path: Path
) -> None:
    pid, before = platform.pid("risk-worker"), decided_by(shop)
    path = candidate(tmp_path, cortes={"revisar": 0.4, "negar": 0.9})
    change = done("promote", str(path), "--reason", "menos recusas")
    assert (change["versao_regras"], change["por_que"]) == (path.stem, "menos recusas")
    assert {"onde": "cortes.negar", "antes": 0.85, "depois": 0.9} in change["diferencas"]
    assert awaited(lambda: decided_by(shop) == path.stem, bool)
    assert f'papel="viva",regras="{path.stem}"' in shown(platform)
    done("rollback", "--reason", "mais fraudes")
    assert awaited(lambda: decided_by(shop) == before, bool)
    assert platform.pid("risk-worker") == pid
    rows = done("versions")
    assert [row["acao"] for row in rows][-2:] == ["promover", "voltar"]
    assert [row["versao_regras"] for row in rows if row["papel"] == "viva"] == [before]
    assert versions.live() == ""
    logged = [row for row in in_the_audit_log(platform, path.stem) if "acao" in row["detalhe"]]
    assert [(row["detalhe"]["acao"], row["detalhe"]["por_que"]) for row in logged] == [("promover", "menos recusas")]
    assert logged[0]["quem"] == cli_user()
    assert [row["detalhe"]["acao"] for row in in_the_audit_log(platform, before) if "acao" in row["detalhe"]][
        -1
    ] == "voltar"


def test_a_promoted_model_decides_beside_the_signals_and_says_why(
    versions: Versions, shop: Shop, tmp_path: Path
) -> None:
    # It takes each payment of more than one real for a fraud.
    change = versions.promote(noise_model(tmp_path), who="teste", why="")

    def decided(amount: float) -> dict[str, Any]:
        (sent,) = some_payments(1, operacao="pagamento", valor=amount)
        shop.send([sent])
        (decision,) = shop.decisions([sent])[sent["id_transacao"]]
        return decision

    assert awaited(lambda: decided(100)["versao_modelo"] == change.versao_modelo, bool)
    dear, cheap = decided(100), decided(0.01)
    assert dear["decisao"] != "aprovar"
    assert "MODELO_VALOR" in dear["motivos"]
    assert dear["pontuacao"] > cheap["pontuacao"]
    versions.rollback(who="teste", why="")
    assert awaited(lambda: decided(100)["versao_modelo"] == NO_MODEL, bool)


def test_what_is_promoted_on_another_host_reaches_the_workers_with_its_files(
    versions: Versions, shop: Shop, platform: Platform, tmp_path: Path
) -> None:
    elsewhere = Versions(platform.config.model_copy(update={"var": tmp_path / "outro"}))
    path = candidate(tmp_path, cortes={"revisar": 0.4, "negar": 0.9})
    change = elsewhere.promote(path, who="teste", why="")
    assert awaited(lambda: decided_by(shop) == path.stem, bool)
    assert versions.changes()[-1] == change


def test_a_worker_decides_on_and_starts_while_s3_is_away(
    versions: Versions, shop: Shop, platform: Platform, tmp_path: Path
) -> None:
    path = candidate(tmp_path)
    versions.promote(path, who="teste", why="")
    assert awaited(lambda: decided_by(shop) == path.stem, bool)
    url = f"http://127.0.0.1:{platform.config.risk_metrics_port}/pronta"
    with away(platform, "s3"):
        assert awaited(lambda: "S3 does not answer" in httpx.get(url).text, bool)
        assert httpx.get(url).status_code == 200
        platform.stop("risk-worker")
        platform.start("risk-worker")
        assert decided_by(shop) == path.stem
    assert awaited(lambda: "S3 does not answer" not in httpx.get(url).text, bool)


def test_who_must_go_back_does_not_wait_for_the_database(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUDE_RISK_DSN", "postgresql://risco:x@127.0.0.1:1/risco")
    settings.cache_clear()
    answer = risk("promote", str(candidate(tmp_path)), "--reason", "sem banco")
    settings.cache_clear()
    assert answer.exit_code == 0
    assert "The change is made, but not in the audit log" in answer.stderr
    assert versions.changes()[-1].por_que == "sem banco"


def test_what_a_worker_cannot_read_leaves_it_deciding_by_the_old_version_and_saying_so(
    versions: Versions, shop: Shop, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, replace = decided_by(shop), versions.objects.replace

    def break_and_replace(name: str, content: bytes, seen: str | None) -> bool:
        if name == CHANGES:
            # Before the worker can see it: it looks every second.
            place = f"versoes/{decoded(content, name)[-1].sha256[:16]}/{RULES}"
            versions.objects.put(place, b"versao: [")
            (platform.config.var / "risco" / place).unlink()
        return replace(name, content, seen)

    with monkeypatch.context() as broken:
        broken.setattr(versions.objects, "replace", break_and_replace)
        versions.promote(candidate(tmp_path), who="teste", why="")
    url = f"http://127.0.0.1:{platform.config.risk_metrics_port}/pronta"
    assert awaited(lambda: "not taken: " in httpx.get(url).text, bool)
    assert httpx.get(url).status_code == 200
    assert "risco_versao_recusada 1.0" in shown(platform)
    assert decided_by(shop) == before
    versions.rollback(who="teste", why="")
    assert awaited(lambda: "not taken" not in httpx.get(url).text, bool)
    assert "risco_versao_recusada 0.0" in shown(platform)


@pytest.mark.usefixtures("versions")
def test_a_candidate_is_compared_on_every_payment_and_never_used(
    shop: Shop, platform: Platform, tmp_path: Path
) -> None:
    before = decided_by(shop)
    path = candidate(tmp_path, cortes={"revisar": 0.0, "negar": 0.0})
    done("shadow", str(path))
    assert awaited(lambda: f'regras="{path.stem}"' in shown(platform), bool)
    shop.watch(COMPARISONS)
    sent = some_payments(30)
    shop.send(sent)
    decisions = shop.decisions(sent)
    assert {row["versao_regras"] for (row,) in decisions.values()} == {before}
    compared = shop.read(COMPARISONS, {one["id_transacao"] for one in sent})
    for one, (decision,) in decisions.items():
        (row,) = compared[one]
        assert (row["decisao"], row["motivos"]) == (decision["decisao"], decision["motivos"])
        assert (row["decisao_sombra"], row["versao_regras_sombra"]) == ("negar", path.stem)
        assert row["motivos_sombra"] == decision["motivos"], "it saw the same past"
    assert 'risco_sombra_comparadas_total{decisao="aprovar",decisao_sombra="negar"}' in shown(platform)
    done("shadow", "--off")
    assert awaited(lambda: f'regras="{path.stem}"' not in shown(platform), bool)


@pytest.mark.usefixtures("versions")
def test_a_candidate_that_is_wrong_is_refused_in_a_sentence(tmp_path: Path) -> None:
    wrong = candidate(tmp_path, cortes={"revisar": 0.9, "negar": 0.1})
    for command in ("promote", "shadow"):
        answer = risk(command, str(wrong), "--reason", "x")
        assert answer.exit_code == 1
        assert "must not be above negar" in answer.stderr
        assert "Nothing was changed" in answer.stderr
    assert risk("rollback", "--reason", "x").exit_code == 1
    assert risk("shadow", "report").exit_code == 3
    assert risk("shadow").exit_code == 2


def test_a_fraud_that_came_to_light_is_in_the_workers_memory_and_a_cleared_one_is_not(
    shop: Shop, platform: Platform
) -> None:
    memory = connect_velocity_store(platform.config)
    sent = [one for one in some_payments(400, operacao="pagamento") if one.get("id_terminal")][:2]
    terminal = f"t-{uuid4().hex}"
    shop.report([dispute(one, terminal, "fraude") for one in sent])
    asked = [payment(id_terminal=terminal)]
    assert awaited(lambda: len(memory.history_of(asked).frauds.get(terminal, ())) == 2, bool)
    shop.report([dispute(sent[0], terminal, "honesta")])
    assert awaited(lambda: len(memory.history_of(asked).frauds.get(terminal, ())) == 1, bool)
    (left,) = memory.history_of(asked).frauds[terminal]
    assert left == microseconds(datetime.fromisoformat(sent[1]["timestamp"]))


def test_frauds_of_a_play_are_reported(shop: Shop, platform: Platform) -> None:
    del shop, platform
    found = done("simulate", "--rate", "60", "--duration", "4s", "--fraud-share", "0.3", "--labels-after", "1s")
    frauds = sum(count for name, count in found["enviadas"].items() if name != played.HONEST)
    assert found["contestadas"] == frauds > 0


def test_payers_time_that_is_past_is_played_at_once_and_frauds_come_to_light_in_it(shop: Shop) -> None:
    shop.watch("contestacoes")
    begin, later = datetime.now(UTC) - timedelta(days=3), timedelta(hours=6)
    sent = played.play(shop.config, 200 / 86_400, timedelta(days=1), start=begin, fraud_share=0.2, labels_after=later)
    frauds = sent.labels.total() - sent.labels[played.HONEST]
    assert (sent.labels.total(), sent.disputes) == (200, frauds)

    def told() -> list[dict[str, Any]]:
        found = [one for (one,) in shop.read("contestacoes", set()).values()]
        return found if len(found) == frauds else []

    for one in awaited(told, bool):
        made, known = (datetime.fromisoformat(one[name]) for name in ("transacao_em", "timestamp"))
        assert begin <= made <= known <= begin + timedelta(days=1)

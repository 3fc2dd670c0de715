"""What is in the audit log, and who may write to it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from acude.cli import app
from acude.local.platform import Platform
from acude.payments.audit_buffer import AuditBuffer
from acude.payments.audit_log import ACCESS, DECISION, LIST, POLICY, append, audit_event, cli_user, head, pages
from acude.payments.audit_verification import verify
from acude.payments.recorder import row_of
from acude.payments.rules_reload import ReloadingRules, audited
from acude.payments.serde import DECISIONS
from acude.payments.session import Session
from acude.payments.store import Store
from acude.risk.policy import DEFAULT
from tests.integration.payments.audit.conftest import Sql, chained, rows
from tests.integration.payments.conftest import Shop, some_payments
from tests.waiting import awaited


def test_each_decision_is_chained_once_whatever_is_sent_twice(shop: Shop, own: Sql) -> None:
    sent = some_payments(30)
    shop.send([*sent, *sent[:10]])
    decisions = shop.decisions(sent)
    for one in sent:
        (row,) = chained(own, 1, objeto=one["id_transacao"])
        detail = json.loads(row.detalhe)
        (decision,) = decisions[one["id_transacao"]]
        assert (row.tipo, detail["decisao"], detail["motivos"]) == (DECISION, decision["decisao"], decision["motivos"])
        assert one["id_pagador"] not in row.detalhe
    own.commit()
    assert verify(own).broken is None


def test_decisions_that_are_delivered_again_are_chained_once(shop: Shop, store: Store, own: Sql) -> None:
    sent = some_payments(5)
    shop.send(sent)
    decisions = shop.read(DECISIONS, {one["id_transacao"] for one in sent})
    delivered = [row_of(json.dumps(decisions[one["id_transacao"]][0]).encode(), datetime.now(UTC)) for one in sent]
    for one in sent:
        chained(own, 1, objeto=one["id_transacao"])
    fresh = delivered[0] | {"id_transacao": f"again-{uuid4().hex}"}
    assert [store.add([*delivered, fresh, fresh]), store.add([*delivered, fresh])] == [1, 0]
    assert [len(rows(own, objeto=row["id_transacao"])) for row in [*delivered, fresh]] == [1] * 6


def test_many_writers_make_one_chain(platform: Platform, own: Sql) -> None:
    mark = uuid4().hex

    def write(number: int) -> None:
        session = Session(platform.config, "test")
        for _ in range(10):
            with session.transaction() as connection:
                append(connection, [audit_event(ACCESS, mark, f"{number}", n=n) for n in range(3)])
        session.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(rows(own, quem=mark)) == 8 * 10 * 3
    assert verify(own, decisions=False).broken is None


def test_a_rollback_leaves_no_gap(own: Sql) -> None:
    before = head(own)
    append(own, [audit_event(ACCESS, "test", "undone")])
    own.rollback()
    append(own, [audit_event(ACCESS, "test", "done")])
    own.commit()
    assert next(pages(own, before.numero))[0].numero == before.numero + 1
    assert verify(own, decisions=False).broken is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auditoria.trilha SET quem = 'x'",
        "UPDATE auditoria.trilha SET quem = 'x' WHERE numero = 1",
        "DELETE FROM auditoria.trilha",
        "TRUNCATE auditoria.trilha",
        "DROP TABLE auditoria.trilha",
        "DROP SCHEMA auditoria CASCADE",
        "ALTER TABLE auditoria.trilha DISABLE TRIGGER ALL",
        "ALTER TABLE auditoria.trilha OWNER TO risco",
        "CREATE RULE no AS ON INSERT TO auditoria.trilha DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION auditoria.so_cresce() RETURNS trigger LANGUAGE plpgsql AS 'begin return old; end'",
    ],
)
def test_the_platforms_own_role_may_add_to_the_audit_log_and_do_nothing_else(own: Sql, statement: str) -> None:
    append(own, [audit_event(ACCESS, "test", "x")])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        own.execute(statement.encode())


@pytest.mark.parametrize("statement", ["UPDATE auditoria.trilha SET quem = 'x'", "DELETE FROM auditoria.trilha"])
def test_a_superuser_who_does_not_take_the_trigger_away_is_refused_too(superuser: Sql, statement: str) -> None:
    superuser.execute("SET session_replication_role = origin")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only grows"):
        superuser.execute(statement.encode())


def test_a_list_change_is_in_the_audit_log_with_person_and_reason(own: Sql) -> None:
    value = uuid4().hex
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    for arguments in (
        ["add", "bloqueio", "id_pagador", value, "--owner", "ana", "--reason", "teste", "--until", until],
        ["remove", "bloqueio", "id_pagador", value, "--reason", "engano"],
    ):
        assert CliRunner().invoke(app, ["risk", "lists", *arguments]).exit_code == 0
    removed, added = rows(own, objeto=f"bloqueio/id_pagador/{value}")
    assert [(one.tipo, one.quem) for one in (removed, added)] == [(LIST, cli_user())] * 2
    details = [json.loads(one.detalhe) for one in (added, removed)]
    assert [(one["acao"], bool(one["antes"])) for one in details] == [("incluida", False), ("removida", True)]
    assert details[1]["motivo"] == "engano"


def test_each_access_to_a_payment_is_in_the_audit_log(shop: Shop, api: Callable[..., httpx.Client], own: Sql) -> None:
    (sent,) = some_payments(1)
    name = sent["id_transacao"]
    shop.send([sent])
    chained(own, 1, objeto=name)
    assert api("analista").get(f"/transacoes/{name}").status_code == 200
    assert api("loja").get(f"/transacoes/{name}").status_code == 404
    assert CliRunner().invoke(app, ["risk", "why", name]).exit_code == 0
    found = chained(own, 3, objeto=name, tipo=ACCESS)
    accesses = {(one.quem, json.loads(one.detalhe).get("entregue")) for one in found}
    assert accesses == {("analista", True), ("loja", False), (cli_user(), None)}


def test_a_policy_that_a_worker_loads_is_in_the_audit_log(platform: Platform, own: Sql, tmp_path: Path) -> None:
    (running, *_) = chained(own, 1, tipo=POLICY)
    assert running.quem.startswith("risk-worker@")
    first, second = uuid4().hex, uuid4().hex
    path, text = tmp_path / "policy.yaml", DEFAULT.read_text()
    version = text.partition('versao: "')[2].partition('"')[0]
    path.write_text(text.replace(version, first))
    buffer = AuditBuffer(platform.config)
    current = ReloadingRules(platform.config.model_copy(update={"risk_policy": path, "var": tmp_path}), audited(buffer))
    path.write_text(text.replace(version, second).replace("negar: 0.85", "negar: 0.95"))
    current.reload()
    assert current().policy.versao == second
    buffer.close()
    logged = [json.loads(rows(own, objeto=one, tipo=POLICY)[0].detalhe)["politica"] for one in (first, second)]
    assert [one["cortes"]["negar"] for one in logged] == [0.85, 0.95]


def test_events_of_an_outage_are_in_the_audit_log_afterwards(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    mark = uuid4().hex
    platform.stop("postgres")
    buffer = AuditBuffer(platform.config)
    for number in range(1_500):
        buffer.add(audit_event(ACCESS, mark, f"{number}"))
    assert awaited(lambda: caplog.text, lambda text: "the audit log can't be written now" in text)
    assert buffer.waiting == 1_500
    platform.start("postgres")
    assert awaited(lambda: buffer.waiting, lambda waiting: not waiting) == 0
    buffer.close()
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        found = connection.execute(
            "SELECT objeto FROM auditoria.trilha WHERE quem = %s ORDER BY numero", (mark,)
        ).fetchall()
        assert [one for (one,) in found] == [f"{number}" for number in range(1_500)]
        assert verify(connection, decisions=False).broken is None

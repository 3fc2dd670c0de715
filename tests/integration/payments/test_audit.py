"""The trail in the real database: what is in it, who may touch it, and that a touch is found."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import Connection
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.local.platform import Platform
from acude.payments import lists
from acude.payments.audit_buffer import AuditBuffer
from acude.payments.audit_log import ACCESS, DECISION, LIST, POLICY, Search, append, audit_event, cli_user, head, pages
from acude.payments.audit_verification import verify
from acude.payments.hash_chain import AuditRow, HashChain
from acude.payments.recorder import row_of
from acude.payments.rules_reload import ReloadingRules, audited
from acude.payments.serde import DECISIONS
from acude.payments.session import Session
from acude.payments.store import Store
from acude.risk.lists import Entry
from acude.risk.policy import DEFAULT
from acude.settings import Settings
from tests.integration.payments.conftest import Shop, some_payments
from tests.waiting import awaited

Sql = Connection[Any]


@pytest.fixture
def own(platform: Platform) -> Iterator[Sql]:
    """As the platform's own role; undone at the end."""
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def superuser(platform: Platform) -> Iterator[Sql]:
    """As who may do anything, triggers off; undone at the end."""
    with superusers(platform.config) as connection:
        yield connection
        connection.rollback()


def superusers(config: Settings) -> Sql:
    found = psycopg.connect(
        host="127.0.0.1", port=config.postgres_port, user="postgres", dbname="risco",
        password=config.postgres_password.get_secret_value(),
    )  # fmt: skip
    found.execute("SET session_replication_role = replica")
    return found


def audit(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments])


def rows(
    connection: Sql, *, tipo: str | None = None, quem: str | None = None, objeto: str | None = None
) -> list[AuditRow]:
    connection.commit()
    return Search(tipo, quem, objeto).rows(connection, 1_000)


def chained(connection: Sql, number: int, *, tipo: str | None = None, objeto: str | None = None) -> list[AuditRow]:
    """Such rows, as soon as there are so many."""
    return awaited(lambda: rows(connection, tipo=tipo, objeto=objeto), lambda found: len(found) >= number)


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
    delivered = [row_of(json.dumps(decisions[one["id_transacao"]][0]).encode()) for one in sent]
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


def test_what_is_undone_leaves_no_gap(own: Sql) -> None:
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
def test_the_platforms_own_role_may_add_to_the_trail_and_do_nothing_else(own: Sql, statement: str) -> None:
    append(own, [audit_event(ACCESS, "test", "x")])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        own.execute(statement.encode())


@pytest.mark.parametrize("statement", ["UPDATE auditoria.trilha SET quem = 'x'", "DELETE FROM auditoria.trilha"])
def test_a_superuser_who_does_not_take_the_trigger_away_is_refused_too(superuser: Sql, statement: str) -> None:
    superuser.execute("SET session_replication_role = origin")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only grows"):
        superuser.execute(statement.encode())


@pytest.fixture
def trail(platform: Platform) -> list[AuditRow]:
    """Some rows at the audit log's end."""
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        before = head(connection)
        append(connection, [audit_event(ACCESS, "test", f"{number}") for number in range(5)])
        return next(pages(connection, before.numero))


_CHANGE = "UPDATE auditoria.trilha SET {} WHERE numero = {}"


@pytest.mark.parametrize(
    "touches",
    [
        [_CHANGE.format("detalhe = detalhe || ' '", "%(second)s")],
        [_CHANGE.format("em = em + interval '1 microsecond'", "%(second)s")],
        [_CHANGE.format("quem = 'mallory'", "%(second)s")],
        [_CHANGE.format("hash = sha256(hash)", "%(second)s")],
        ["DELETE FROM auditoria.trilha WHERE numero = %(second)s"],
        ["DELETE FROM auditoria.trilha WHERE numero = %(second)s", _CHANGE.format("numero = %(second)s", "%(third)s")],
        [
            _CHANGE.format("numero = 10^15", "%(second)s"),
            _CHANGE.format("numero = %(second)s", "%(third)s"),
            _CHANGE.format("numero = %(third)s", "10^15"),
        ],
    ],
    ids=["content", "time", "who", "hash", "dropped", "dropped, next renumbered", "swapped"],
)
def test_a_row_that_a_superuser_touched_is_named(superuser: Sql, trail: list[AuditRow], touches: list[str]) -> None:
    assert verify(superuser, decisions=False).broken is None
    for touch in touches:
        superuser.execute(touch.encode(), {"second": trail[1].numero, "third": trail[2].numero})
    found = verify(superuser, decisions=False)
    assert found.broken is not None
    assert found.broken.numero == trail[1].numero
    assert found.chain == HashChain(trail[0].numero, trail[0].hash)


def test_a_tail_that_is_cut_off_or_made_anew_is_found_by_a_head_that_was_kept(
    superuser: Sql, trail: list[AuditRow]
) -> None:
    kept = trail[-1].hash
    assert verify(superuser, kept=kept, decisions=False).broken is None
    superuser.execute("DELETE FROM auditoria.trilha WHERE numero >= %s", (trail[2].numero,))
    assert verify(superuser, decisions=False).broken is None
    found = verify(superuser, kept=kept, decisions=False).broken
    assert found is not None
    assert "cut" in found.problema
    append(superuser, [audit_event(ACCESS, "mallory", f"{number}") for number in range(5)])
    assert verify(superuser, decisions=False).broken is None
    assert verify(superuser, kept=kept, decisions=False).broken is not None


def test_a_stored_decision_that_was_changed_is_found(shop: Shop, own: Sql) -> None:
    (sent,) = some_payments(1)
    shop.send([sent])
    (row,) = chained(own, 1, objeto=sent["id_transacao"])
    own.commit()
    sound = verify(own)
    assert (sound.broken, sound.compared > 0) == (None, True)
    own.execute("UPDATE decisoes SET id_pagador = 'outro' WHERE id_transacao = %s", (sent["id_transacao"],))
    broken = verify(own).broken
    assert broken is not None
    assert (broken.numero, broken.objeto) == (row.numero, sent["id_transacao"])
    assert verify(own, decisions=False).broken is None


def test_decisions_that_are_gone_or_were_never_chained_are_counted(shop: Shop, own: Sql) -> None:
    first, second = some_payments(2)
    shop.send([first, second])
    for one in (first, second):
        chained(own, 1, objeto=one["id_transacao"])
    own.commit()
    before = verify(own)
    own.execute("DELETE FROM decisoes WHERE id_transacao = %s", (first["id_transacao"],))
    own.execute("UPDATE decisoes SET id_transacao = 'smuggled' WHERE id_transacao = %s", (second["id_transacao"],))
    after = verify(own)
    assert after.broken is None
    assert (after.gone, after.unchained) == (before.gone + 2, before.unchained + 1)


@pytest.mark.parametrize(
    "touch",
    [
        "UPDATE listas SET expira_em = expira_em + interval '1 day' WHERE valor = %s",
        "UPDATE listas SET lista = 'permissao' WHERE valor = %s",
        "DELETE FROM listas WHERE valor = %s",
    ],
)
def test_an_entry_that_was_changed_behind_the_trail_is_found(own: Sql, touch: str) -> None:
    now, value = datetime.now(UTC), uuid4().hex
    lists.put(own, Entry("bloqueio", "id_pagador", value, "ana", "teste", now, now + timedelta(days=1)), "test")
    assert verify(own).broken is None
    own.execute(touch.encode(), (value,))
    broken = verify(own).broken
    assert broken is not None
    assert value in broken.objeto


def test_an_entry_that_was_put_in_behind_the_trail_is_found(own: Sql) -> None:
    own.execute(
        "INSERT INTO listas VALUES ('permissao', 'id_pagador', 'mallory', 'x', 'x', now(), now() + interval '1 day')"
    )
    broken = verify(own).broken
    assert broken is not None
    assert (broken.numero, broken.objeto) == (None, "permissao/id_pagador/mallory")


def test_a_list_change_stands_in_the_trail_with_who_and_why(own: Sql) -> None:
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


def test_who_read_which_payment_stands_in_the_trail(shop: Shop, door: Callable[..., httpx.Client], own: Sql) -> None:
    (sent,) = some_payments(1)
    name = sent["id_transacao"]
    shop.send([sent])
    chained(own, 1, objeto=name)
    assert door("analista").get(f"/transacoes/{name}").status_code == 200
    assert door("loja").get(f"/transacoes/{name}").status_code == 404
    assert CliRunner().invoke(app, ["risk", "why", name]).exit_code == 0
    found = chained(own, 3, objeto=name, tipo=ACCESS)
    told = {(one.quem, json.loads(one.detalhe).get("entregue")) for one in found}
    assert told == {("analista", True), ("loja", False), (cli_user(), None)}


def test_a_policy_that_a_worker_takes_up_stands_in_the_trail(platform: Platform, own: Sql, tmp_path: Path) -> None:
    (running, *_) = chained(own, 1, tipo=POLICY)
    assert running.quem.startswith("risk-worker@")
    first, second = uuid4().hex, uuid4().hex
    path, text = tmp_path / "policy.yaml", DEFAULT.read_text()
    version = text.partition('versao: "')[2].partition('"')[0]
    path.write_text(text.replace(version, first))
    notes = AuditBuffer(platform.config)
    current = ReloadingRules(platform.config.model_copy(update={"risk_policy": path, "var": tmp_path}), audited(notes))
    path.write_text(text.replace(version, second).replace("negar: 0.85", "negar: 0.95"))
    current.reload()
    assert current().policy.versao == second
    notes.close()
    told = [json.loads(rows(own, objeto=one, tipo=POLICY)[0].detalhe)["politica"] for one in (first, second)]
    assert [one["cortes"]["negar"] for one in told] == [0.85, 0.95]


def test_notes_of_an_outage_are_in_the_trail_afterwards(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    mark = uuid4().hex
    platform.stop("postgres")
    notes = AuditBuffer(platform.config)
    for number in range(1_500):
        notes.add(audit_event(ACCESS, mark, f"{number}"))
    assert awaited(lambda: caplog.text, lambda text: "the audit log can't be written now" in text)
    assert notes.waiting == 1_500
    platform.start("postgres")
    assert awaited(lambda: notes.waiting, lambda waiting: not waiting) == 0
    notes.close()
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        found = connection.execute(
            "SELECT objeto FROM auditoria.trilha WHERE quem = %s ORDER BY numero", (mark,)
        ).fetchall()
        assert [one for (one,) in found] == [f"{number}" for number in range(1_500)]
        assert verify(connection, decisions=False).broken is None


def test_verification_takes_no_more_memory_for_a_longer_history(own: Sql) -> None:
    append(own, (audit_event(ACCESS, "test", f"{number}") for number in range(10_000)))
    short = peak(own)
    append(own, (audit_event(ACCESS, "test", f"{number}") for number in range(20_000)))
    assert peak(own) < 1.3 * short


def peak(connection: Sql) -> int:
    tracemalloc.start()
    assert verify(connection, decisions=False).broken is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_the_command_names_the_first_broken_row_and_fails(platform: Platform, trail: list[AuditRow]) -> None:
    assert json.loads(audit("head", "--json").stdout)["numero"] >= trail[-1].numero
    sound = audit("verify", "--head", trail[0].hash.hex(), "--json")
    assert (sound.exit_code, json.loads(sound.stdout)["integra"]) == (0, True)
    change = "UPDATE auditoria.trilha SET quem = %s WHERE numero = %s"
    with superusers(platform.config) as connection:
        connection.execute(change, ("mallory", trail[1].numero))
    try:
        broken = audit("verify", "--json")
        told = audit("verify", "--chain-only").stdout
    finally:
        with superusers(platform.config) as connection:
            connection.execute(change, (trail[1].quem, trail[1].numero))
    assert broken.exit_code == 1
    report = json.loads(broken.stdout)
    assert (report["integra"], report["quebra"]["numero"]) == (False, trail[1].numero)
    assert f"row {trail[1].numero}" in told
    assert audit("verify").exit_code == 0


def test_a_head_that_is_none_or_unknown_is_said(trail: list[AuditRow]) -> None:
    del trail
    assert audit("verify", "--head", "abc").exit_code == 2
    unknown = audit("verify", "--chain-only", "--head", "00" * 32)
    assert (unknown.exit_code, "cut" in unknown.stdout) == (1, True)


def test_rows_are_shown_newest_first_by_what_is_asked(trail: list[AuditRow]) -> None:
    shown = json.loads(audit("show", "--kind", "acesso", "--who", "test", "--limit", "5", "--json").stdout)
    assert [one["hash"] for one in shown] == [row.hash.hex() for row in reversed(trail)]
    assert all(first["numero"] > second["numero"] for first, second in pairwise(shown))
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    assert json.loads(audit("show", "--from", tomorrow, "--json").stdout) == []
    assert "acude audit show" in audit("show", "--limit", "1").stdout


def test_without_the_database_the_commands_say_so(platform: Platform) -> None:
    platform.stop("postgres")
    try:
        answers = [audit("verify"), audit("show"), audit("head"), CliRunner().invoke(app, ["risk", "lists", "show"])]
    finally:
        platform.start("postgres")
    assert [(one.exit_code, "does not answer" in one.stderr) for one in answers] == [(2, True)] * 4

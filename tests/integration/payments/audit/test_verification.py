"""Verification finds each change to the audit log, the decisions and the lists."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg import sql

from acude.payments import lists
from acude.payments.audit_log import ACCESS, append, audit_event
from acude.payments.audit_verification import verify
from acude.payments.hash_chain import AuditRow, HashChain
from acude.payments.store import COLUMNS
from acude.risk.lists import Entry
from tests.integration.payments.audit.conftest import Sql, chained
from tests.integration.payments.conftest import Shop, some_payments

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
def test_a_row_that_a_superuser_touched_is_named(superuser: Sql, newest: list[AuditRow], touches: list[str]) -> None:
    assert verify(superuser, decisions=False).broken is None
    for touch in touches:
        superuser.execute(touch.encode(), {"second": newest[1].numero, "third": newest[2].numero})
    found = verify(superuser, decisions=False)
    assert found.broken is not None
    assert found.broken.numero == newest[1].numero
    assert found.chain == HashChain(newest[0].numero, newest[0].hash, newest[0].chave)


def test_a_tail_that_is_cut_off_or_written_again_is_found_by_a_head_that_was_kept(
    superuser: Sql, newest: list[AuditRow]
) -> None:
    kept = newest[-1].hash
    assert verify(superuser, kept=kept, decisions=False).broken is None
    superuser.execute("DELETE FROM auditoria.trilha WHERE numero >= %s", (newest[2].numero,))
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


def _copied(name: str, value: str) -> sql.Composed:
    """Stores the payment's decision again, with another value in a column."""
    others = sql.SQL(", ").join(sql.Identifier(one) for one in COLUMNS if one != name)
    return sql.SQL("INSERT INTO decisoes ({0}, {1}) SELECT {0}, {2} FROM decisoes WHERE id_transacao = %(id)s").format(
        others, sql.Identifier(name), sql.SQL(value)
    )


_ELSEWHERE = sql.SQL("UPDATE decisoes SET id_transacao = 'smuggled' WHERE id_transacao = %(id)s")


@pytest.mark.parametrize(
    ("touch", "said", "counts"),
    [
        (sql.SQL("DELETE FROM decisoes WHERE id_transacao = %(id)s"), "no longer stored", (1, 0)),
        (_copied("transacao_em", "transacao_em + interval '1 microsecond'"), "no row of the audit log has it", (0, 1)),
        (_copied("id_cliente", "'mallory'"), "no row of the audit log has it", (0, 1)),
        (_ELSEWHERE, "no longer stored", (1, 1)),
    ],
    ids=["gone", "a second one of the same id", "another client's of the same id", "under another id"],
)
def test_a_decision_that_is_gone_or_was_smuggled_in_is_a_difference(
    shop: Shop, own: Sql, touch: sql.SQL | sql.Composed, said: str, counts: tuple[int, int]
) -> None:
    (sent,) = some_payments(1)
    shop.send([sent])
    chained(own, 1, objeto=sent["id_transacao"])
    own.commit()
    before = verify(own)
    assert (before.broken, before.gone, before.unchained) == (None, 0, 0)
    own.execute(touch, {"id": sent["id_transacao"]})
    after = verify(own)
    assert after.broken is not None
    assert (after.broken.objeto, said in after.broken.problema) == (sent["id_transacao"], True)
    assert (after.gone, after.unchained) == counts


def test_a_tail_that_an_administrator_writes_again_without_the_key_is_found(
    superuser: Sql, newest: list[AuditRow]
) -> None:
    superuser.execute("DELETE FROM auditoria.trilha WHERE numero >= %s", (newest[2].numero,))
    columns = sql.SQL(", ").join(map(sql.Identifier, AuditRow._fields))
    values = sql.SQL(", ").join([sql.Placeholder()] * len(AuditRow._fields))
    insert = sql.SQL("INSERT INTO auditoria.trilha ({}) VALUES ({})").format(columns, values)
    for keys in ({}, {"k1": b"guessed"}):
        forger = HashChain(newest[1].numero, newest[1].hash, keys=keys)
        superuser.execute(insert, forger.add(audit_event(ACCESS, "mallory", "nothing")))
        broken = verify(superuser, decisions=False).broken
        assert broken is not None
        assert broken.numero == newest[2].numero
        superuser.execute("DELETE FROM auditoria.trilha WHERE numero >= %s", (newest[2].numero,))


@pytest.mark.parametrize(
    "touch",
    [
        "UPDATE listas SET expira_em = expira_em + interval '1 day' WHERE valor = %s",
        "UPDATE listas SET lista = 'permissao' WHERE valor = %s",
        "DELETE FROM listas WHERE valor = %s",
    ],
)
def test_an_entry_that_was_changed_behind_the_audit_log_is_found(own: Sql, touch: str) -> None:
    now, value = datetime.now(UTC), uuid4().hex
    lists.put(own, Entry("bloqueio", "id_pagador", value, "ana", "teste", now, now + timedelta(days=1)), "test")
    assert verify(own).broken is None
    own.execute(touch.encode(), (value,))
    broken = verify(own).broken
    assert broken is not None
    assert value in broken.objeto


def test_an_entry_that_was_put_in_behind_the_audit_log_is_found(own: Sql) -> None:
    own.execute(
        "INSERT INTO listas VALUES ('permissao', 'id_pagador', 'mallory', 'x', 'x', now(), now() + interval '1 day')"
    )
    broken = verify(own).broken
    assert broken is not None
    assert (broken.numero, broken.objeto) == (None, "permissao/id_pagador/mallory")


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

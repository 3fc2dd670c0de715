"""`acude audit`."""

import json
import os
import pwd
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from platform import node

import psycopg
import pytest
from typer.testing import CliRunner

from acude.cli import app
from acude.local.platform import Platform
from acude.payments.audit_log import Search
from acude.payments.hash_chain import AuditRow
from tests.integration.payments.audit.conftest import audit, chained, superusers
from tests.integration.payments.conftest import Shop, some_payments


def test_the_command_names_the_first_broken_row_and_fails(platform: Platform, newest: list[AuditRow]) -> None:
    assert json.loads(audit("head", "--json").stdout)["numero"] >= newest[-1].numero
    sound = audit("verify", "--head", newest[0].hash.hex(), "--json")
    assert (sound.exit_code, json.loads(sound.stdout)["integra"]) == (0, True)
    change = "UPDATE auditoria.trilha SET quem = %s WHERE numero = %s"
    with superusers(platform.config) as connection:
        connection.execute(change, ("mallory", newest[1].numero))
    try:
        broken = audit("verify", "--json")
        shown = audit("verify", "--chain-only").stdout
    finally:
        with superusers(platform.config) as connection:
            connection.execute(change, (newest[1].quem, newest[1].numero))
    assert broken.exit_code == 1
    report = json.loads(broken.stdout)
    assert (report["integra"], report["quebra"]["numero"]) == (False, newest[1].numero)
    assert f"row {newest[1].numero}" in shown
    assert audit("verify").exit_code == 0


def test_a_head_that_is_none_or_unknown_is_said(newest: list[AuditRow]) -> None:
    del newest
    assert audit("verify", "--head", "abc").exit_code == 2
    unknown = audit("verify", "--chain-only", "--head", "00" * 32)
    assert (unknown.exit_code, "cut" in unknown.stdout) == (1, True)


def test_a_decision_that_is_missing_makes_the_command_fail(platform: Platform, shop: Shop) -> None:
    (sent,) = some_payments(1)
    shop.send([sent])
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        chained(connection, 1, objeto=sent["id_transacao"])
    assert audit("verify").exit_code == 0
    move = "UPDATE decisoes SET id_transacao = %s WHERE id_transacao = %s"
    with superusers(platform.config) as connection:
        connection.execute(move, ("elsewhere", sent["id_transacao"]))
    try:
        broken = audit("verify", "--json")
    finally:
        with superusers(platform.config) as connection:
            connection.execute(move, (sent["id_transacao"], "elsewhere"))
    assert broken.exit_code == 1
    report = json.loads(broken.stdout)
    assert report["quebra"]["objeto"] == sent["id_transacao"]
    assert report["decisoes"] | {"iguais": 0} == {"iguais": 0, "ausentes": 1, "fora_da_trilha": 1}


def test_the_actor_is_the_systems_user_whatever_the_environment_says(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "maria")
    assert audit("show", "--limit", "1").exit_code == 0
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        row = Search(tipo="acesso", objeto="trilha").rows(connection, 1)[0]
    assert row.quem == f"cli:{pwd.getpwuid(os.getuid()).pw_name}@{node()}"


def test_rows_are_shown_newest_first_by_what_is_asked(newest: list[AuditRow]) -> None:
    shown = json.loads(audit("show", "--kind", "acesso", "--who", "test", "--limit", "5", "--json").stdout)
    assert [one["hash"] for one in shown] == [row.hash.hex() for row in reversed(newest)]
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
    assert [(one.exit_code, "does not answer" in one.stderr) for one in answers] == [(1, True)] * 4

"""`acude audit`."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from typer.testing import CliRunner

from acude.cli import app
from acude.local.platform import Platform
from acude.payments.hash_chain import AuditRow
from tests.integration.payments.audit.conftest import audit, superusers


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

"""What an event of the audit log may hold, and whom it names."""

import os
import pwd
from platform import node

import pytest

from acude.masking import MASK
from acude.payments.audit_log import ACCESS, DECISION, audit_event, cli_user


@pytest.mark.parametrize("number", ["52998224725", "529.982.247-25", "u52998224725", "tok_4111111111111111"])
def test_an_access_that_asked_for_somebodys_number_does_not_keep_it(number: str) -> None:
    event = audit_event(ACCESS, "ana", number, por="acude audit show", objeto=number, achada=False, linhas=3)
    assert event.objeto == MASK
    assert event.detalhe == {"por": "acude audit show", "objeto": MASK, "achada": False, "linhas": 3}


def test_a_decision_keeps_its_id() -> None:
    assert audit_event(DECISION, "acude", "4111111111111111").objeto == "4111111111111111"


def test_the_person_is_the_systems_user_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "maria")
    assert cli_user() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}@{node()}"


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_123_456)
    assert cli_user() == f"cli:uid-4123456@{node()}"

"""The table of rights: what is documented, and the names in it."""

import re
from pathlib import Path

from kafka.admin import ACL, ACLOperation, ResourceType
from pydantic import SecretStr

from acude.init.rights import access_list, everybody, services
from acude.kafka.users import ADMINISTRATOR, ANYBODY, password_of, salt_of
from acude.payments.routes import payment_topics
from acude.settings import PROJECT, Settings
from tests.own_topic import own_topic


def told(**given: object) -> Settings:
    found = Settings(_env_file=None, kafka_rights="users", kafka_password=SecretStr("p"))  # type: ignore[call-arg]
    return found.model_copy(update=given)


def topics(entries: set[ACL], user: str, operation: ACLOperation) -> set[str]:
    return {
        one.resource_pattern.resource_name
        for one in entries
        if (one.principal, one.operation) == (f"User:{user}", operation)
        and one.resource_pattern.resource_type == ResourceType.TOPIC
    }


def test_a_decision_is_written_by_the_workers_alone() -> None:
    writers = {
        one.principal
        for one in access_list(everybody(told()))
        if one.operation == ACLOperation.WRITE and one.resource_pattern.resource_name == "decisoes_risco"
    }
    assert writers == {"User:risk-worker"}


def test_a_way_of_paying_with_a_topic_of_its_own_needs_no_other_rights() -> None:
    entries = access_list(everybody(told()))
    assert topics(entries, "payers", ACLOperation.WRITE) == {*payment_topics(), "contestacoes"}
    assert set(payment_topics()) <= topics(entries, "risk-worker", ACLOperation.READ)


def test_a_new_contracts_topic_is_read_by_the_streams(tmp_path: Path) -> None:
    name = own_topic(tmp_path / "contracts")
    entries = access_list(everybody(told(contracts=tmp_path / "contracts")))
    assert topics(entries, "streams", ACLOperation.READ) == {name}


def test_who_has_no_login_has_rights_on_the_platforms_own_open_broker_alone() -> None:
    assert ANYBODY in {one.user for one in everybody(told())}
    for closed in (told(kafka_open=False), told(kafka_rights="acls")):
        assert ANYBODY not in {one.user for one in everybody(closed)}


def test_each_user_has_a_password_and_a_salt_of_its_own_that_stay() -> None:
    users = [one.user for one in services(told())]
    found = {password_of(told(), user) for user in users} | {salt_of(told(), user) for user in users}
    assert len(found) == 2 * len(users)
    assert password_of(told(), "payers") == password_of(told(), "payers")
    assert password_of(told(kafka_password=SecretStr("q")), "payers") not in found


def test_the_documents_say_the_same() -> None:
    text = (PROJECT / "docs" / "operations.md").read_text()
    lines = text.partition("| user | writes | reads | groups |")[2].partition("\n\n")[0].splitlines()[2:]
    table = {user: cells for line in lines for user, cells in _rows(line)}
    assert table.keys() - {ADMINISTRATOR} == {one.user for one in everybody(told())}
    own = set(payment_topics()) - {"transacoes"}
    for one in everybody(told()):
        writes, reads, groups = table[one.user]
        assert set(writes) == set(one.writes) - own, one.user
        if one.user == "risk-worker":
            assert set(reads) == {"transacoes", "contestacoes"}
        elif reads:
            assert set(reads) == set(one.reads) - own, one.user
        assert set(groups) <= {*one.groups, f"{one.group_prefix}*"}, one.user


def _rows(line: str) -> list[tuple[str, list[list[str]]]]:
    first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
    users = [ANYBODY] if first.startswith("nobody") else first.split(", ")
    return [(user, [re.findall(r"`([^`]+)`", cell) for cell in cells]) for user in users]

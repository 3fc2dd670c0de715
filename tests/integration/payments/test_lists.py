"""Block and allow lists through the command line, the database and the running worker."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner, Result

from acude.cli import app
from acude.contracts.documents import tokens_of
from acude.local.platform import Platform
from acude.payments import lists
from acude.payments.list_cache import ListCache
from acude.risk.lists import Entry
from acude.settings import Settings
from acude.simulator.blacklist import is_listed
from tests.integration.payments.conftest import OF_A_KIND, Shop, some_payments
from tests.unit.risk import pasts
from tests.waiting import awaited

BLOCKED = "NA_LISTA_DE_BLOQUEIO"
ALLOWED = "NA_LISTA_DE_PERMISSAO"
UNTIL = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["risk", "lists", *arguments], input=given)


def add(lista: str, tipo: str, valor: str, given: str | None = None) -> dict[str, Any]:
    about = ["--owner", "ana", "--reason", "teste", "--until", UNTIL, "--json"]
    answer = run("add", lista, tipo, valor, *about, given=given)
    assert answer.exit_code == 0, answer.stderr
    return dict(json.loads(answer.stdout)["entrada"])


def remove(lista: str, tipo: str, valor: str) -> None:
    answer = run("remove", lista, tipo, valor, "--reason", "teste")
    assert answer.exit_code == 0, answer.stderr


def own_payment(**changes: object) -> dict[str, Any]:
    """A payment that is harmless, of people whom nobody else has heard of."""
    found = next(one for one in some_payments(20) if not is_listed(one["documento_pagador"]))
    # Nothing that others may have used, too: what they did would speak against it.
    shared = {"ip", "id_terminal", "latitude", "longitude", "conta_criada_em", "credencial_alterada_em", *OF_A_KIND}
    made = {name: value for name, value in found.items() if name not in shared}
    made |= {"operacao": "pagamento", "tipo_pagamento": "boleto", "vencimento": "2030-01-31", "valor": 20.0}
    made |= {f"id_{who}": f"{who}-{made['id_transacao']}" for who in ("pagador", "recebedor", "dispositivo")}
    return made | changes


def decision(shop: Shop, template: dict[str, Any], number: int) -> dict[str, Any]:
    """The decision on one more such payment."""
    sent = template | {"id_transacao": f"{template['id_transacao']}-{number}"}
    shop.send([sent])
    (found,) = shop.decisions([sent])[sent["id_transacao"]]
    return found


def decided_once(shop: Shop, template: dict[str, Any], code: str, *, given: bool) -> dict[str, Any]:
    """The decision on such a payment as soon as it gives the reason, or no longer gives it."""
    numbers = iter(range(int(datetime.now(UTC).timestamp()), 10**10))
    return awaited(lambda: decision(shop, template, next(numbers)), lambda found: (code in found["motivos"]) is given)


def test_a_block_entry_refuses_without_a_restart_and_its_removal_ends_that(shop: Shop) -> None:
    payment = own_payment()
    assert decision(shop, payment, 0)["decisao"] == "aprovar"
    add("bloqueio", "id_recebedor", payment["id_recebedor"])
    refused = decided_once(shop, payment, BLOCKED, given=True)
    assert (refused["decisao"], refused["pontuacao"], refused["motivos"][0]) == ("negar", 1000, BLOCKED)
    remove("bloqueio", "id_recebedor", payment["id_recebedor"])
    assert decided_once(shop, payment, BLOCKED, given=False)["decisao"] == "aprovar"


def test_an_allow_entry_is_a_reason_and_a_block_entry_overrules_it(shop: Shop) -> None:
    payment = own_payment()
    add("permissao", "id_pagador", payment["id_pagador"])
    assert decided_once(shop, payment, ALLOWED, given=True)["decisao"] == "aprovar"
    add("bloqueio", "id_dispositivo", payment["id_dispositivo"])
    refused = decided_once(shop, payment, BLOCKED, given=True)
    assert (refused["decisao"], ALLOWED in refused["motivos"]) == ("negar", True)


def test_a_document_that_is_given_in_clear_is_stored_as_a_token_and_refuses_its_payer(
    shop: Shop, platform: Platform
) -> None:
    payment = own_payment(documento_pagador="11144477735")
    entry = add("bloqueio", "documento", "-", given="111.444.777-35\n")
    assert entry["valor"] == tokens_of(platform.config).of("11144477735")
    assert decided_once(shop, payment, BLOCKED, given=True)["decisao"] == "negar"
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        for table in ("listas", "auditoria.trilha"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - two constants
            assert "11144477735" not in repr(rows).replace(".", "").replace("-", "")
    remove("bloqueio", "documento", "11144477735")


def test_an_expired_entry_refuses_nobody(shop: Shop, platform: Platform) -> None:
    expired, held = own_payment(), own_payment()
    now = datetime.now(UTC)
    with psycopg.connect(platform.config.risk_dsn.get_secret_value()) as connection:
        for payment, end in ((expired, now - timedelta(seconds=1)), (held, now + timedelta(days=1))):
            entry = Entry("bloqueio", "id_pagador", payment["id_pagador"], "ana", "teste", now - timedelta(days=1), end)
            lists.put(connection, entry, "teste")
    assert decided_once(shop, held, BLOCKED, given=True)
    assert BLOCKED not in decision(shop, expired, 0)["motivos"]
    shown = {one["valor"] for one in json.loads(run("show", "--json").stdout)}
    assert (held["id_pagador"] in shown, expired["id_pagador"] in shown) == (True, False)
    assert expired["id_pagador"] in run("show", "--expired", "--kind", "id_pagador").stdout


@contextmanager
def database_away(platform: Platform) -> Iterator[None]:
    platform.stop("postgres")
    try:
        yield
    finally:
        platform.start("postgres")


def test_while_the_database_is_away_the_last_known_lists_hold_and_their_age_is_shown(
    shop: Shop, platform: Platform
) -> None:
    payment = own_payment()
    add("bloqueio", "id_pagador", payment["id_pagador"])
    decided_once(shop, payment, BLOCKED, given=True)
    with database_away(platform):
        assert decision(shop, payment, 0)["decisao"] == "negar"
        url = f"http://127.0.0.1:{platform.config.risk_metrics_port}"
        assert awaited(lambda: age_s(url), lambda age: age > 3)
        ready = httpx.get(f"{url}/pronta")
        assert (ready.status_code, "listas: " in ready.text) == (200, True)
    assert awaited(lambda: age_s(url), lambda age: age < 3) < 3
    remove("bloqueio", "id_pagador", payment["id_pagador"])
    decided_once(shop, payment, BLOCKED, given=False)


def age_s(url: str) -> float:
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics").text)
    return float(next(one.samples[0].value for one in families if one.name == "risco_listas_idade_segundos"))


@pytest.fixture
def impatient(platform: Platform) -> Settings:
    return platform.config.model_copy(update={"risk_lists_old": timedelta(seconds=2)})


def test_lists_that_were_not_read_lately_are_old_until_they_are_read_again(
    platform: Platform, impatient: Settings
) -> None:
    present = ListCache(impatient)
    assert not present().stale
    with database_away(platform):
        assert awaited(present, lambda known: known.stale).stale
        late = ListCache(impatient)
        assert (len(late().lists), late().stale) == (0, True)
    for one in (present, late):
        assert not awaited(one, lambda known: not known.stale).stale
    payer = own_payment()["id_pagador"]
    add("bloqueio", "id_pagador", payer)
    asked = pasts.payment(id_pagador=payer)
    for one in (present, late):
        assert awaited(lambda: one().lists.of(asked, datetime.now(UTC)), lambda found: found.bloqueio).bloqueio  # noqa: B023 - awaited here
        one.close()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ["add", "bloqueio", "id_pagador", "u", "--owner", "ana", "--reason", "x", "--until", "2020-01-01"],
            2,
            "ended",
        ),
        (
            ["add", "bloqueio", "documento", "52998224724", "--owner", "a2", "--reason", "x", "--until", UNTIL],
            2,
            "digits",
        ),
        (["add", "bloqueio", "id_pagador", "u", "--owner", "ana", "--reason", "x"], 2, "--until"),
        (["remove", "bloqueio", "id_pagador", "nobody", "--reason", "x"], 3, "has no id_pagador nobody"),
    ],
)
def test_what_is_no_change_of_a_list_is_said_in_a_sentence(
    shop: Shop, arguments: list[str], status: int, said: str
) -> None:
    del shop
    answer = run(*arguments)
    assert (answer.exit_code, said in answer.stderr) == (status, True)


def test_an_entry_for_the_same_value_takes_the_place_of_the_one_that_is_there(shop: Shop) -> None:
    del shop
    value = own_payment()["id_pagador"]
    add("bloqueio", "id_pagador", value)
    about = ["--owner", "bia", "--reason", "outro", "--until", UNTIL, "--json"]
    second = json.loads(run("add", "bloqueio", "id_pagador", value, *about).stdout)
    assert (second["antes"]["dono"], second["entrada"]["dono"]) == ("ana", "bia")
    assert [one["dono"] for one in json.loads(run("show", "--json").stdout) if one["valor"] == value] == ["bia"]

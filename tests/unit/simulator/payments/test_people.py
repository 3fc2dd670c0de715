import random
import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from acude.risk.velocity import distance_km
from acude.simulator.payments.people import People
from acude.simulator.payments.places import CAPITALS
from acude.simulator.population import REGIONS, Population

START = datetime(2026, 11, 20, tzinfo=UTC)
TOKEN = re.compile(r"tok_[A-Za-z0-9]{24}")


@pytest.fixture(scope="module")
def people() -> People:
    return People(7, START, 3_000)


def test_payers_are_the_shops_shoppers_and_live_in_the_same_states(people: People) -> None:
    shoppers = Population(7, 3_000).shoppers
    assert [(payer.id, payer.uf) for payer in people.payers] == [(one.id_usuario, one.regiao) for one in shoppers]


def test_every_state_has_a_capital() -> None:
    assert set(CAPITALS) == set(REGIONS)


def test_a_payer_lives_near_the_capital_of_their_state(people: People) -> None:
    assert all(distance_km(*payer.home, *CAPITALS[payer.uf]) < 60 for payer in people.payers)


def test_a_payer_has_one_or_two_devices_and_one_to_three_cards(people: People) -> None:
    for payer in people.payers:
        assert 1 <= len({spot["id_dispositivo"] for spot in payer.spots}) <= 2
        assert 1 <= len(set(payer.cards)) <= 3
        assert all(TOKEN.fullmatch(token) for token in payer.cards)


def test_devices_and_cards_belong_to_one_payer(people: People) -> None:
    cards = [token for payer in people.payers for token in payer.cards]
    devices = [name for payer in people.payers for name in {spot["id_dispositivo"] for spot in payer.spots}]
    assert len(set(cards)) == len(cards)
    assert len(set(devices)) == len(devices)


def test_accounts_were_opened_before_the_start_and_changed_since(people: People) -> None:
    for payer in people.payers:
        opened = payer.account["conta_criada_em"]
        assert opened < START
        assert opened <= payer.account.get("credencial_alterada_em", START) <= START


def test_some_accounts_are_new_whenever_a_play_starts(people: People) -> None:
    ages = [(START - payer.account["conta_criada_em"]).days for payer in people.payers]
    assert 0.01 < sum(age < 60 for age in ages) / len(ages) < 0.1


def test_starts_of_the_same_year_have_the_same_old_accounts(people: People) -> None:
    later = People(7, datetime(2026, 12, 1, tzinfo=UTC), 3_000).payers
    same = sum(a.account["conta_criada_em"] == b.account["conta_criada_em"] for a, b in zip(people.payers, later))  # noqa: B905
    assert same > 0.9 * len(later)


def test_there_are_3000_terminals_in_all_states(people: People) -> None:
    assert len({terminal.spot["id_terminal"] for terminal in people.terminals}) == 3_000
    assert {terminal.spot["uf"] for terminal in people.terminals} == set(REGIONS)


def test_who_pays_at_night_is_not_who_pays_in_the_morning(people: People) -> None:
    rng = random.Random(7)  # noqa: S311
    night, morning = (Counter(people.at_hour(rng, hour).id for _ in range(20_000)) for hour in (1, 8))
    shared = sum((night & morning).values())
    assert shared < 0.3 * 20_000


def test_another_seed_has_other_people(people: People) -> None:
    other = {payer.account["documento_pagador"] for payer in People(8, START, 500).payers}
    assert other.isdisjoint(payer.account["documento_pagador"] for payer in people.payers)

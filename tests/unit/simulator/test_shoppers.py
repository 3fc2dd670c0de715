import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest

from acude.simulator.population import REGIONS, Population
from acude.simulator.serde import as_json, encode, fields
from acude.simulator.shoppers import Event, events

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def week() -> list[Event]:
    return list(events(7, MONDAY, 7 * DAY, 0.05))


def test_the_same_seed_and_start_give_the_same_bytes() -> None:
    first = [encode(event) for event in events(7, MONDAY, DAY, 0.05)]
    assert first == [encode(event) for event in events(7, MONDAY, DAY, 0.05)]


def test_another_seed_or_start_shares_no_event_id() -> None:
    ids = {event.id_evento for event in events(7, MONDAY, DAY, 0.05)}
    assert ids.isdisjoint(event.id_evento for event in events(8, MONDAY, DAY, 0.05))
    assert ids.isdisjoint(event.id_evento for event in events(7, MONDAY + DAY, DAY, 0.05))


def test_rate_times_duration_events_come_in_the_order_of_their_time(week: list[Event]) -> None:
    assert len(week) == 30_240
    assert all(before.momento <= after.momento for before, after in pairwise(week))
    assert week[0].momento >= MONDAY
    assert week[-1].momento < MONDAY + 7 * DAY


def test_a_short_run_has_exactly_its_events_at_any_hour() -> None:
    for hour in (3, 12, 22):
        assert len(list(events(1, MONDAY + timedelta(hours=hour), timedelta(seconds=60), 20))) == 1_200


def test_a_run_without_end_follows_the_hour() -> None:
    night = next(islice(events(1, MONDAY + timedelta(hours=7), None, 1), 999, None)).momento
    evening = next(islice(events(1, MONDAY + timedelta(hours=23), None, 1), 999, None)).momento
    assert night - (MONDAY + timedelta(hours=7)) > 4 * (evening - (MONDAY + timedelta(hours=23)))


def test_evenings_are_busier_than_nights_and_mondays_than_saturdays(week: list[Event]) -> None:
    by_hour = Counter((event.momento - timedelta(hours=3)).hour for event in week)
    by_weekday = Counter((event.momento - timedelta(hours=3)).weekday() for event in week)
    assert by_hour[20] > 5 * by_hour[3]
    assert by_weekday[0] > 1.2 * by_weekday[5]


def test_each_step_of_the_funnel_loses_shoppers(week: list[Event]) -> None:
    kinds = Counter(event.tipo_evento for event in week)
    assert kinds["visualizacao"] > kinds["clique"] > kinds["carrinho"] > kinds["compra"] > 0
    assert set(kinds) == {"visualizacao", "clique", "carrinho", "compra", "busca", "login"}


def test_nobody_buys_what_they_have_not_put_into_the_cart(week: list[Event]) -> None:
    carts: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    for event in week:
        place = (event.id_usuario, event.id_produto)
        if event.tipo_evento == "carrinho":
            carts[place] += event.quantidade or 0
        if event.tipo_evento == "compra":
            assert carts[place] >= (event.quantidade or 0) > 0


def test_purchases_carry_order_pieces_and_a_price_in_cents(week: list[Event]) -> None:
    for event in week:
        if event.tipo_evento == "compra":
            assert event.id_pedido is not None
            assert event.id_pedido.startswith("P")
            assert event.preco is not None
            assert event.preco.as_tuple().exponent == -2
            assert event.moeda == "BRL"
        else:
            assert (event.id_pedido, event.preco, event.moeda) == (None, None, None)


def test_few_products_are_popular_and_nearly_all_are_seen(week: list[Event]) -> None:
    seen = Counter(event.id_produto for event in week if event.tipo_evento == "visualizacao").most_common()
    total = sum(count for _, count in seen)
    assert sum(count for _, count in seen[:20]) > 0.4 * total
    assert len(seen) > 180


def test_shoppers_keep_their_state_and_taste_from_run_to_run() -> None:
    assert Population(7).shoppers == Population(7).shoppers
    assert {shopper.regiao for shopper in Population(7).shoppers} == set(REGIONS)


def test_the_fast_writing_says_the_same_as_the_plain_one(week: list[Event]) -> None:
    assert all(encode(event) == as_json(fields(event)) for event in week[:5_000])


def test_money_is_a_json_number_with_two_decimals(week: list[Event]) -> None:
    bought = next(event for event in week if event.preco)
    text = encode(bought).decode()
    assert f'"preco":{bought.preco},' in text
    assert json.loads(text, parse_float=Decimal)["preco"] == bought.preco

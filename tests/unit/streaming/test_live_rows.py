"""A day's live rows after a batch: what the batch names replaces what stood there, and nothing else moves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jobs.streaming.live_rows import SALES, SHOPPERS, TOP, VIEWS, Count, Rows, ranking, sales, shoppers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def count(kind: str, key: str, number: int, minute: int = 0, value: str = "0") -> Count:
    start = NOON + minute * MINUTE
    return Count(kind, start, start + MINUTE, key, number, Decimal(value), number)


def places(rows: Rows, minute: int = 0) -> list[tuple[int, str, int]]:
    found = [row for row in rows.values() if row["janela_inicio"] == NOON + minute * MINUTE]
    return sorted((row["posicao"], row["id_produto"], row["visualizacoes"]) for row in found)


def test_a_ranking_keeps_five_products_the_most_viewed_first() -> None:
    rows = ranking({}, [count(VIEWS, f"p{n}", n) for n in range(1, 8)])
    assert places(rows) == [(1, "p7", 7), (2, "p6", 6), (3, "p5", 5), (4, "p4", 4), (5, "p3", 3)]


def test_of_equally_viewed_products_the_smaller_id_comes_first() -> None:
    rows = ranking({}, [count(VIEWS, "p2", 3), count(VIEWS, "p1", 3), count(VIEWS, "p10", 3)])
    assert [product for _, product, _ in places(rows)] == ["p1", "p10", "p2"]


def test_a_product_that_the_batch_does_not_name_keeps_its_views() -> None:
    before = ranking({}, [count(VIEWS, "p1", 10), count(VIEWS, "p2", 4)])
    assert places(ranking(before, [count(VIEWS, "p3", 5)])) == [(1, "p1", 10), (2, "p3", 5), (3, "p2", 4)]


def test_a_named_product_has_its_new_total_and_stands_once() -> None:
    before = ranking({}, [count(VIEWS, "p1", 10), count(VIEWS, "p2", 4)])
    assert places(ranking(before, [count(VIEWS, "p2", 11)])) == [(1, "p2", 11), (2, "p1", 10)]


def test_other_windows_stay() -> None:
    before = ranking({}, [count(VIEWS, "p1", 10)])
    after = ranking(before, [count(VIEWS, "p9", 99, minute=1)])
    assert places(after) == [(1, "p1", 10)]
    assert places(after, 1) == [(1, "p9", 99)]


def test_a_batch_that_is_shown_again_changes_nothing() -> None:
    changed = [count(VIEWS, f"p{n}", n) for n in range(1, 8)]
    once = ranking({}, changed)
    assert ranking(once, changed) == once


@given(st.lists(st.lists(st.sampled_from("abcdefghi"), min_size=1, max_size=12), min_size=1, max_size=6))
def test_naming_only_what_changed_gives_the_ranking_of_all(batches: list[list[str]]) -> None:
    totals: dict[str, int] = {}
    rows: Rows = {}
    for batch in batches:
        for product in batch:
            totals[product] = totals.get(product, 0) + 1
        named = sorted({*batch}, key=lambda product: (-totals[product], product))[:TOP]
        rows = ranking(rows, [count(VIEWS, product, totals[product]) for product in named])
    best = sorted(totals.items(), key=lambda entry: (-entry[1], entry[0]))[:TOP]
    assert places(rows) == [(place, product, views) for place, (product, views) in enumerate(best, 1)]


def test_shoppers_are_replaced_by_window() -> None:
    before = shoppers({}, [count(SHOPPERS, "", 3), count(SHOPPERS, "", 1, minute=1)])
    after = shoppers(before, [count(SHOPPERS, "", 2, minute=1)])
    assert [row["usuarios"] for row in after.values()] == [3, 2]


def test_sales_are_kept_apart_by_currency_with_every_digit() -> None:
    rows = sales({}, [count(SALES, "BRL", 2, value="0.0003"), count(SALES, "GBP", 1, value="12345678901234.5678")])
    assert [(row["moeda"], row["vendas"], row["receita"]) for row in rows.values()] == [
        ("BRL", 2, Decimal("0.0003")),
        ("GBP", 1, Decimal("12345678901234.5678")),
    ]


def test_a_window_belongs_to_the_day_on_which_it_begins() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    last = Count(SHOPPERS, midnight - MINUTE, midnight, "", 1, Decimal(0), 1)
    assert [row["data"].isoformat() for row in shoppers({}, [last]).values()] == ["2026-11-22"]

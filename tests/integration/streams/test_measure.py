"""Live windows and live stock, against a few lines of plain Python."""

import random
from datetime import timedelta
from decimal import Decimal

from tests.integration.streams.silver import NOON, Silver, expected, live
from tests.integration.streams.steps import measure, stock
from tests.integration.streams.streamlab import Row, StreamLab

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def minutes_of_trade(silver: Silver, seed: int) -> list[Row]:
    """Three minutes of events, a few of them out of order."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    events = []
    for _ in range(150):
        at = NOON + chance.random() * 3 * MINUTE
        user, product = f"u{chance.randrange(12)}", f"p{chance.randrange(9)}"
        kind = chance.choice(["visualizacao", "visualizacao", "visualizacao", "compra", "busca"])
        own: Row = {} if kind == "busca" else {"id_produto": product}
        if kind == "compra":
            price = Decimal(chance.randrange(1, 10**9)).scaleb(-4)
            own |= {"quantidade": chance.randrange(1, 9), "preco": price, "moeda": chance.choice(["BRL", "GBP"])}
        events.append(silver.event(at, user, kind, after=chance.random() * MINUTE, **own))
    return events


def test_live_windows_are_exact_over_batches_and_restarts(spark: StreamLab, silver: Silver) -> None:
    events = minutes_of_trade(silver, 1)
    for begin in (0, 50, 100):
        silver.land(*events[begin : begin + 50])
        # Each call is a query of its own that goes on from the checkpoint.
        spark.do(measure)
    assert live(spark) == expected(events)


def test_a_batch_that_runs_again_changes_nothing(spark: StreamLab, silver: Silver) -> None:
    events = minutes_of_trade(silver, 2)
    silver.land(*events[:70])
    spark.do(measure)
    silver.land(*events[70:])
    spark.do(measure)
    before = live(spark)
    # As after a kill between the tables' commits and the checkpoint's.
    spark.delete_last_commit("_checkpoints/measure/")
    spark.do(measure)
    assert live(spark) == before == expected(events)


def test_a_lost_checkpoint_begins_with_todays_silver_and_counts_the_same(spark: StreamLab, silver: Silver) -> None:
    events = minutes_of_trade(silver, 3)
    for begin in (0, 75):
        silver.land(*events[begin : begin + 75])
        spark.do(measure)
    late = silver.event(NOON, "u1", after=11 * MINUTE, id_produto="p1")
    silver.land(late)
    spark.do(measure)
    before = live(spark)
    spark.delete("_checkpoints/measure/")
    spark.do(measure)
    assert live(spark) == before == expected(events)


def test_what_the_broker_took_too_late_does_not_count(spark: StreamLab, silver: Silver) -> None:
    on_time = silver.event(NOON, "u1", after=10 * MINUTE, id_produto="p1")
    late = silver.event(NOON, "u2", after=10 * MINUTE + SECOND, id_produto="p2")
    silver.land(on_time, late)
    spark.do(measure)
    assert live(spark) == expected([on_time])


def test_a_forgotten_window_does_not_open_again(spark: StreamLab, silver: Silver) -> None:
    first = silver.event(NOON, "u1", id_produto="p1")
    silver.land(first)
    spark.do(measure)
    silver.advance_the_clock_and_tick(NOON + 30 * MINUTE)
    before = live(spark)
    silver.send_late_and_flush(silver.event(NOON, "u2", id_produto="p2"))
    assert live(spark) == before


def test_a_row_within_the_lateness_reaches_its_window_after_the_clock_moved_on(
    spark: StreamLab, silver: Silver
) -> None:
    first = silver.event(NOON, "u1", id_produto="p1")
    silver.land(first)
    spark.do(measure)
    silver.advance_the_clock_and_tick(NOON + 9 * MINUTE)
    second = silver.event(NOON + SECOND, "u2", after=9 * MINUTE, id_produto="p2")
    silver.send_late_and_flush(second)
    assert live(spark)["top"] == expected([first, second])["top"]


def test_one_wrong_clock_does_not_close_everybody_elses_windows(spark: StreamLab, silver: Silver) -> None:
    ahead = silver.event(NOON + 120 * MINUTE, "u9", after=-120 * MINUTE, id_produto="p9")
    silver.land(ahead)
    spark.do(measure)
    silver.land(ahead | {"deslocamento": 1000})
    spark.do(measure)
    event = silver.event(NOON, "u1", id_produto="p1")
    silver.land(event)
    spark.do(measure)
    assert live(spark) == expected([event])


def test_a_purchase_without_price_or_currency_is_no_sale_but_its_shopper_is_active(
    spark: StreamLab, silver: Silver
) -> None:
    silver.land(
        silver.event(NOON, "u1", "compra", quantidade=1, preco=Decimal("2.00")),
        silver.event(NOON, "u2", "compra", quantidade=1, moeda="BRL"),
    )
    spark.do(measure)
    assert live(spark) == {"top": [], "users": [(NOON, 2)], "sales": []}


def test_a_stopped_driver_goes_on_where_it_was(spark: StreamLab, silver: Silver) -> None:
    events = minutes_of_trade(silver, 4)
    silver.land(*events[:75])
    spark.do(measure)
    spark.end_the_process()
    silver.land(*events[75:])
    spark.do(measure)
    assert live(spark) == expected(events)


def levels(spark: StreamLab) -> dict[str, tuple[int, int | None, bool]]:
    rows = spark.rows("gold.ao_vivo_estoque")
    return {row["id_produto"]: (row["nivel_estoque"], row["ponto_reposicao"], row["abaixo"]) for row in rows}


def report(spark: StreamLab, *updates: Row) -> None:
    spark.append("silver.atualizacoes_estoque", list(updates))
    spark.do(stock)


def test_a_late_update_never_lowers_the_stock_clock(spark: StreamLab, silver: Silver) -> None:
    report(spark, silver.update(NOON, "p1", 40, 10), silver.update(NOON - MINUTE, "p1", 3, 10))
    assert levels(spark) == {"p1": (40, 10, False)}
    report(spark, silver.update(NOON - SECOND, "p1", 2, 10))
    assert levels(spark) == {"p1": (40, 10, False)}
    report(spark, silver.update(NOON + SECOND, "p1", 9, 10))
    assert levels(spark) == {"p1": (9, 10, True)}


def test_stock_is_below_its_reorder_point_only_where_one_is_known(spark: StreamLab, silver: Silver) -> None:
    report(
        spark,
        silver.update(NOON, "at", 10, 10),
        silver.update(NOON, "below", 9, 10),
        silver.update(NOON, "unknown", 0),
    )
    assert levels(spark) == {"at": (10, 10, False), "below": (9, 10, True), "unknown": (0, None, False)}
    report(spark, silver.update(NOON + SECOND, "at", 8))
    assert levels(spark)["at"] == (8, 10, True)


def test_of_two_updates_with_one_time_the_one_taken_later_counts(spark: StreamLab, silver: Silver) -> None:
    report(spark, silver.update(NOON, "p1", 1), silver.update(NOON, "p1", 2))
    report(spark, silver.update(NOON, "p1", 5))
    assert levels(spark)["p1"][0] == 5

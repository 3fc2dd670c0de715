"""A live table is known by what its contract promises, not by its name."""

from acude.contracts.model import STREAMS, table, tables
from acude.lake.delta import is_live


def test_a_live_table_is_one_of_gold_that_is_not_made_a_day_at_a_time() -> None:
    live = table("gold.ao_vivo_estoque")
    assert is_live(live.model_copy(update={"name": "estoque_agora"}))
    assert not is_live(live.model_copy(update={"daily": True}))
    assert not is_live(table("silver.transacoes").model_copy(update={"daily": False}))


def test_the_live_tables_are_those_of_gold_that_the_streams_write() -> None:
    found = {one.full_name for one in tables() if is_live(one)}
    assert found == {one.full_name for one in tables() if one.layer == "gold" and one.writer == STREAMS}
    assert len(found) == 5

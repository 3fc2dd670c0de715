"""The sends of the producers' ledger, as the lake must have them."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.model import table
from acude.days import midnight
from acude.settings import Settings
from acude.simulator import ledger as ledgers

_AHEAD = timedelta(days=1)
"""What is of a day is sent at most this long before the day begins: clocks that run ahead do so by less."""


def rows_since(config: Settings, first: date, condition: pc.Expression) -> pa.Table:
    """The ledger's rows of days from `first` on that meet the condition; none where another machine has the ledger."""
    return ledgers.read(config.var, condition, midnight(first) - _AHEAD)


def sent_of(config: Settings, topic: str, first: date, condition: pc.Expression) -> pa.Table:
    """The ledger's sends, of days from `first` on, to a contract's topics that are valid and carry money."""
    names = pa.array(table(f"topics.{topic}").kafka_topics)
    valid = pc.field("topico").isin(names) & (pc.field("tipo") == "valido") & pc.field("valor").is_valid()
    return rows_since(config, first, valid & condition)


def arrived(sent: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    """One row per event of the ledger's that must have arrived.

    Args:
        sent: rows of the ledger.
        ids: of the events that did arrive: a send without an answer may have or not, and counts where it did.
    """
    unanswered = sent.filter(pc.field("resposta") != ledgers.CONFIRMED)
    there = unanswered.filter(pc.is_in(unanswered["id_evento"], ids.combine_chunks()))
    rows = pa.concat_tables([ledgers.first_arrivals(sent), there])
    first = rows.append_column("n", pa.array(range(rows.num_rows))).group_by("id_evento").aggregate([("n", "min")])
    return rows.take(first["n_min"])

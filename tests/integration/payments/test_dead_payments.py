"""A payment on which nothing can be decided stops nothing, and gets its decision when it is sent again."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner

from acude.cli import app
from acude.local.platform import Platform
from acude.payments import deadletters
from acude.payments.deadletters import Letter
from acude.payments.serde import TOPIC, Arrival
from acude.payments.worker import Worker, worker
from tests.integration.payments.conftest import Shop, some_payments


@contextmanager
def worker_of_our_own(platform: Platform) -> Iterator[Worker]:
    """The only worker, in this process."""
    platform.stop("risk-worker")
    stop = threading.Event()
    runner = worker(platform.config, stop)
    assert isinstance(runner.strategy, Worker)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield runner.strategy
    finally:
        stop.set()
        thread.join(60)
        platform.start("risk-worker")


@retry(retry=retry_if_result(lambda found: not found), stop=stop_after_delay(60), wait=wait_fixed(0.5))
def letters_with(platform: Platform, id_transacao: str) -> list[Letter]:
    """Dead letters whose bytes name a payment; waits for the first."""
    return [one for one in deadletters.letters(platform.config) if id_transacao.encode() in (one.value or b"")]


def test_a_payment_that_fails_alone_is_reviewed_and_its_neighbours_are_decided(
    platform: Platform, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, bad, after = (one | {"id_pagador": "same"} for one in some_payments(3))
    with worker_of_our_own(platform) as own:
        decide = own.engine.decide

        def fails(arrivals: Sequence[Arrival]) -> Any:  # noqa: ANN401 - decide's results
            if any(one.payment.id_transacao == bad["id_transacao"] for one in arrivals):
                raise TypeError
            return decide(arrivals)

        monkeypatch.setattr(own.engine, "decide", fails)
        shop.send([before, bad, after])
        decisions = shop.decisions([before, bad, after])
    causes = {name: [row["causas"] for row in rows] for name, rows in decisions.items()}
    assert causes[bad["id_transacao"]] == [["defeito"]]
    assert [row["decisao"] for row in decisions[bad["id_transacao"]]] == ["revisar"]
    assert [len(causes[one["id_transacao"]]) for one in (before, after)] == [1, 1]
    assert not any("defeito" in cause for one in (before, after) for cause in causes[one["id_transacao"]])


def test_a_payment_without_a_decision_is_a_dead_letter_with_its_bytes_and_is_decided_when_it_is_sent_again(
    platform: Platform, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = some_payments(2)
    good |= {"id_pagador": bad["id_pagador"]}
    with worker_of_our_own(platform) as own:
        engine = own.engine
        decide, give_up = engine.decide, engine.give_up

        def fails(arrivals: Sequence[Arrival]) -> Any:  # noqa: ANN401 - decide's results
            if any(one.payment.id_transacao == bad["id_transacao"] for one in arrivals):
                raise TypeError("of 52998224725")
            return decide(arrivals)

        def gives_up_nothing(arrival: Arrival) -> Any:  # noqa: ANN401 - the same
            if arrival.payment.id_transacao == bad["id_transacao"]:
                raise OverflowError
            return give_up(arrival)

        monkeypatch.setattr(engine, "decide", fails)
        monkeypatch.setattr(engine, "give_up", gives_up_nothing)
        shop.send([bad, good])
        assert len(shop.decisions([good])[good["id_transacao"]]) == 1
        (letter,) = letters_with(platform, bad["id_transacao"])
    assert (letter.at.topic, letter.reason, letter.detail) == (TOPIC, "sem_decisao", "OverflowError")
    assert letter.attempts == 3
    assert orjson.loads(letter.value or b"") == bad
    assert letter.key == bad["id_pagador"].encode()
    # The fields go to silver, the bytes in the header do not.
    assert bad["documento_pagador"].encode() not in letter.payload()
    place = str(letter.at)
    sent = CliRunner().invoke(app, ["deadletters", "replay", "--record", place, "--json"])
    assert json.loads(sent.stdout)["enviados"] == [place], sent.stderr
    assert len(shop.decisions([bad])[bad["id_transacao"]]) == 1

"""What the payment API keeps of the decisions that it follows."""

import asyncio
from typing import Any

from acude.api.decisions import Decisions
from acude.kafka.consumer import Batch
from acude.kafka.health import Health
from acude.settings import Settings


def publish(decisions: Decisions, loop: asyncio.AbstractEventLoop, *answers: dict[str, Any]) -> None:
    no_source: Any = None
    decisions.finish(answers, Batch([], no_source))
    loop.run_until_complete(asyncio.sleep(0))


def test_the_first_decision_on_a_payment_stands() -> None:
    loop = asyncio.new_event_loop()
    decisions = Decisions(Settings(), loop, Health())
    first = {"id_transacao": "t-1", "decisao": "negar"}
    publish(decisions, loop, first)
    publish(decisions, loop, first | {"decisao": "aprovar"}, {"id_transacao": "t-2", "decisao": "revisar"})
    assert decisions.recent("t-1", "") == decisions.recent("t-1", None) == first
    assert decisions.recent("t-2", "") == {"id_transacao": "t-2", "decisao": "revisar"}
    loop.close()


def test_a_request_that_waits_gets_the_first_decision_though_a_second_one_comes_meanwhile() -> None:
    loop = asyncio.new_event_loop()
    decisions = Decisions(Settings(), loop, Health())
    first = {"id_transacao": "t-1", "decisao": "negar"}
    publish(decisions, loop, first)

    async def asked() -> dict[str, Any] | None:
        return await decisions.wait(("", "t-1"), 5, lambda: decisions._publish([first | {"decisao": "aprovar"}]))

    assert loop.run_until_complete(asked()) == first
    loop.close()


def test_a_decision_is_its_clients_alone_whoever_used_the_id_first() -> None:
    loop = asyncio.new_event_loop()
    decisions = Decisions(Settings(), loop, Health())
    ours, theirs = ({"id_transacao": "t-1", "id_cliente": who, "decisao": "negar"} for who in ("loja", "outra"))

    async def asked() -> dict[str, Any] | None:
        return await decisions.wait(("loja", "t-1"), 5, lambda: decisions._publish([theirs, ours]))

    assert loop.run_until_complete(asked()) == ours
    assert [decisions.recent("t-1", who) for who in ("loja", "outra", None, "")] == [ours, theirs, theirs, None]
    loop.close()
